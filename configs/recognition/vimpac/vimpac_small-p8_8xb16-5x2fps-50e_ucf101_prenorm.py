# bash tools/dist_train.sh \
#     configs/recognition/vimpac/vimpac_small-p8_8xb16-5x2fps-50e_ucf101_prenorm.py 8
# Cost: 32.50 G multiply-accumulates per view, 2 clips x 3 crops in the test; 29.5 M parameters
#   without the tokenizer, 8 GPUs.
# Paper: 67.6 % top-1 on UCF101, split 1 (Table 13).
# Recipe: that of T,H|W.
# For splits 2 and 3, put SPLIT=2 or SPLIT=3 before the command and set --work-dir.
_base_ = [
    '../../_base_/models/vimpac_recognizer_small.py',
    '../../_base_/datasets/ucf101_codes_128px.py',
    '../../_base_/schedules/adamw_vimpac_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/vimpac_small-p8_128xb1-5x2fps-10e_howto100m_prenorm/epoch_10.pth'

model = dict(
    backbone=dict(pre_norm=True, grid_size=(5, 16, 16)),
    cls_head=dict(num_classes=_base_.num_classes),
)

train_dataloader = dict(batch_size=16)
