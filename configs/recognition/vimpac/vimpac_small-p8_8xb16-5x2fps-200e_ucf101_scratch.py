# bash tools/dist_train.sh \
#     configs/recognition/vimpac/vimpac_small-p8_8xb16-5x2fps-200e_ucf101_scratch.py 8
# Cost: 32.50 G multiply-accumulates per view, 2 clips x 3 crops in the test; 29.5 M parameters
#   without the tokenizer, 8 GPUs.
# Paper: 41.3 % top-1 on UCF101 (Table 7).
# Recipe: that of fine-tuning with 4 times the epochs (appendix C.2).
# For splits 2 and 3, put SPLIT=2 or SPLIT=3 before the command and set --work-dir.
_base_ = [
    '../../_base_/models/vimpac_recognizer_small.py',
    '../../_base_/datasets/ucf101_codes_128px.py',
    '../../_base_/schedules/adamw_vimpac_finetune.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(grid_size=(5, 16, 16)),
    cls_head=dict(num_classes=_base_.num_classes),
)

train_dataloader = dict(batch_size=16)
train_cfg = dict(max_epochs=200)
