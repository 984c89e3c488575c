# NUM_CLASSES=7 python tools/train.py \
#     configs/recognition/vjepa2/vjepa2_vit-large-p16_1xb8-16x4x1-20e_custom_attentive.py
# Cost: 828.36 G multiply-accumulates of the encoder per view, 1 clip x 1 crop in the test;
#   353.2 M parameters, 1 GPU; the encoder runs forward only.
# Paper: nothing.
# Recipe: not published. Chosen here: that of Something-Something V2, with flips, one clip and one
#   crop. tools/probe.py and extract_features.py use its clips too.
# Weights: https://dl.fbaipublicfiles.com/vjepa2/vitl.pt, MIT licence.
_base_ = [
    '../../_base_/models/vjepa2_vit-large.py',
    '../../_base_/datasets/custom.py',
    '../../_base_/schedules/adamw_attentive.py',
    '../../_base_/default_runtime.py',
]

load_from = 'checkpoints/vitl.pt'

model = dict(cls_head=dict(num_classes=_base_.num_classes))

views = dict(sample=dict(num_clips=1), crop=dict(size=256, num_crops=1, short_side=292))

train_dataloader = dict(
    dataset=dict(pipeline=dict(augment=dict(num_repeats=1, transforms=dict(crop=dict(size=256)))))
)
val_dataloader = dict(dataset=dict(pipeline=views))
test_dataloader = dict(dataset=dict(pipeline=views))
optim_wrapper = dict(optimizer=dict(lr=1e-3 * 8 / 256))
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(checkpoint=dict(save_best='acc/top1', rule='greater'))
