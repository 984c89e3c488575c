# bash tools/dist_train.sh configs/recognition/vimpac/vimpac_small-p8_8xb16-10x2fps-50e_ucf101.py 8
# Cost: 65.05 G multiply-accumulates per view, 2 clips x 3 crops in the test; 29.5 M parameters
#   without the tokenizer, 8 GPUs.
# Paper: 74.2 % top-1 on UCF101, split 1 (Table 14).
# Recipe: that of 5 frames of 128 pixels.
# For splits 2 and 3, put SPLIT=2 or SPLIT=3 before the command and set --work-dir.
_base_ = [
    '../../_base_/models/vimpac_recognizer_small.py',
    '../../_base_/datasets/ucf101_codes_128px.py',
    '../../_base_/schedules/adamw_vimpac_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/vimpac_small-p8_128xb1-10x2fps-10e_howto100m/epoch_10.pth'

model = dict(
    backbone=dict(grid_size=(10, 16, 16)),
    cls_head=dict(num_classes=_base_.num_classes),
)

train_dataloader = dict(batch_size=16, dataset=dict(pipeline=dict(sample=dict(clip_len=10))))
val_dataloader = dict(dataset=dict(pipeline=dict(sample=dict(clip_len=10))))
test_dataloader = dict(dataset=dict(pipeline=dict(sample=dict(clip_len=10))))
