# NUM_CLASSES=7 python tools/train.py \
#     configs/recognition/videomae/videomae_vit-small-p16_1xb16-16x4x1-100e_custom.py
# Cost: 56.95 G multiply-accumulates per view, 5 clips x 3 crops in the test; 21.9 M parameters, 1
#   GPU.
# Paper: nothing; for your own clips.
# Starts from: the pre-training on your own videos; without it, use a released file (--cfg-options
#   load_from=FILE).
# Recipe: not published. Chosen here: the script of UCF101; 8 batches of 16 are accumulated to its
#   128 clips. NUM_CLASSES is the number of your classes; lists and folders are as in
#   configs/_base_/datasets/custom.py.
_base_ = [
    '../../_base_/models/recognizer_vit-small-p16.py',
    '../../_base_/datasets/custom.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-small-p16_1xb32-16x4x1-800e_custom/epoch_800.pth'

model = dict(
    backbone=dict(drop_path_rate=0.2),
    cls_head=dict(num_classes=_base_.num_classes, dropout_ratio=0.5),
)

train_dataloader = dict(batch_size=16)
optim_wrapper = dict(
    optimizer=dict(lr=0.00025),  # 5e-4 * 128 / 256
    paramwise_cfg=dict(layer_decay_rate=0.7),
    accumulative_counts=8,
)
param_scheduler = dict(eta_min_ratio=1e-5 / 5e-4, from_zero=False)
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=128)
default_hooks = dict(checkpoint=dict(save_best='acc/top1', rule='greater'))
