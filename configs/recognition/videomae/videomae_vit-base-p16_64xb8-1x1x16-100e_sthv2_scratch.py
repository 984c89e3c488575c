# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_64xb8-1x1x16-100e_sthv2_scratch.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   64 GPUs.
# Paper: 32.6 % top-1 on Something-Something V2 (Table 2; 2 clips x 3 crops).
# Recipe: V1 appendix B. The appendix gives 100 epochs and refers to MViT's recipe for the rest
#   (batch 512, rate 1.6e-3, warm-up of 30 epochs, drop path 0.2, dropout 0.5, two augmentations
#   of each clip), which is followed here without layer decay.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16.py',
    '../../_base_/datasets/sthv2.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(drop_path_rate=0.2),
    cls_head=dict(num_classes=_base_.num_classes, dropout_ratio=0.5),
)

train_dataloader = dict(batch_size=8)
optim_wrapper = dict(
    optimizer=dict(lr=0.0016),  # 8e-4 * 512 / 256
    paramwise_cfg=dict(layer_decay_rate=None),
)
param_scheduler = dict(warmup=30, eta_min_ratio=1e-6 / 8e-4)
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=512)
