# NNODES=2 bash tools/dist_train.sh \
#     configs/recognition/videomaev2/videomaev2_vit-base-p16_16xb16-1x1x16-25e_sthv2.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   16 GPUs.
# Paper: 71.2 % top-1 on Something-Something V2 (Table 4; 2 clips x 3 crops). Also 69.5 % top-1
#   from a single view.
# Recipe: the released script.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16.py',
    '../../_base_/datasets/sthv2.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomaev2_vit-base-p16_32xb32-16x4x1-200e_unlabeled-hybrid/epoch_200.pth'

model = dict(
    cls_head=dict(num_classes=_base_.num_classes),
)

train_dataloader = dict(batch_size=16)
optim_wrapper = dict(
    optimizer=dict(lr=0.002),  # 2e-3 * 256 / 256
    paramwise_cfg=dict(layer_decay_rate=0.65),
)
param_scheduler = dict(eta_min_ratio=1e-6 / 2e-3)
train_cfg = dict(max_epochs=25)
auto_scale_lr = dict(base_batch_size=256)
