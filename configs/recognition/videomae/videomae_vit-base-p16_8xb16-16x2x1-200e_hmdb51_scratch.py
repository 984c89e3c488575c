# bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_8xb16-16x2x1-200e_hmdb51_scratch.py 8
# Cost: 180.49 G multiply-accumulates per view, 10 clips x 3 crops in the test; 86.3 M parameters,
#   8 GPUs.
# Paper: 18.0 % top-1 on HMDB51 (Table 2; 10 clips x 3 crops).
# Recipe: not published. Chosen here: that of Kinetics-400 with batch 128.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16.py',
    '../../_base_/datasets/hmdb51.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(drop_path_rate=0.2),
    cls_head=dict(num_classes=_base_.num_classes, dropout_ratio=0.5),
)

train_dataloader = dict(batch_size=16)
optim_wrapper = dict(
    optimizer=dict(lr=0.0004),  # 8e-4 * 128 / 256
    paramwise_cfg=dict(layer_decay_rate=None),
)
param_scheduler = dict(warmup=30, eta_min_ratio=1e-6 / 8e-4)
train_cfg = dict(max_epochs=200)
auto_scale_lr = dict(base_batch_size=128)
