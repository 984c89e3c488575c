# bash tools/dist_train.sh configs/recognition/vimpac/vimpac_small-p8_8xb16-5x2fps-22e_sthv2.py 8
# Cost: 32.50 G multiply-accumulates per view, 2 clips x 1 crop in the test; 29.5 M parameters
#   without the tokenizer, 8 GPUs.
# Paper: 41.1 % top-1 on Something-Something V2; 41.4 % after pre-training with masks alone, 32.5 %
#   with contrast alone (Table 7).
# Recipe: the released script.
# Differs from the paper: it has 4 frames per second for short videos (appendix C.1); the released
#   script, followed here, has 2.
_base_ = [
    '../../_base_/models/vimpac_recognizer_small.py',
    '../../_base_/datasets/sthv2_codes_128px.py',
    '../../_base_/schedules/adamw_vimpac_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/vimpac_small-p8_128xb1-5x2fps-10e_howto100m/epoch_10.pth'

model = dict(
    backbone=dict(grid_size=(5, 16, 16)),
    cls_head=dict(num_classes=_base_.num_classes),
)

train_dataloader = dict(batch_size=16)
train_cfg = dict(max_epochs=22)
