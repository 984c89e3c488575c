# NNODES=8 bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_64xb8-1x1x16-40e_sthv2_table10.py 8
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   64 GPUs.
# Paper: nothing for these values; the released script reached 70.8 %.
# Recipe: V1 Table 10.
# Differs from the released script, which has 30 epochs and batch 384.
# Differs from the paper: RandAug has magnitude 7 as in every script; Table 10 prints 9. A box is
#   erased in a quarter of the clips, as in every script; no table lists it.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16.py',
    '../../_base_/datasets/sthv2.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/videomae_vit-base-p16_64xb32-16x2x1-2400e_sthv2/epoch_2400.pth'

model = dict(
    cls_head=dict(num_classes=_base_.num_classes),
)

train_dataloader = dict(batch_size=8)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # 5e-4 * 512 / 256
param_scheduler = dict(eta_min_ratio=1e-6 / 5e-4)
train_cfg = dict(max_epochs=40)
auto_scale_lr = dict(base_batch_size=512)
