# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/vimpac_large-half-p8_128xb1-5x2fps-100e_howto100m_256px.py 8
# Cost: 1038.10 G multiply-accumulates per clip and pass through the encoder, 233.2 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 68.1 % top-1 on Something-Something V2, 85.5 % on Diving48, 92.7 % on UCF101, 65.9 % on
#   HMDB51 and 75.3 % on Kinetics-400 after fine-tuning (Table 1).
# Recipe: the released script. After 90 of the 100 epochs, this run continues the following one,
#   with its optimizer and at a rate of 3.16e-5: vimpac_large-half-p8_128xb2-5x2fps-90e_howto100m.py
# Positions and AdamW's moments for them are interpolated along each axis.
_base_ = [
    '../../_base_/models/vimpac_large-half.py',
    '../../_base_/datasets/howto100m_codes.py',
    '../../_base_/schedules/adamw_vimpac.py',
    '../../_base_/default_runtime.py',
]

resume = True
load_from = 'work_dirs/vimpac_large-half-p8_128xb2-5x2fps-90e_howto100m/epoch_90.pth'
default_hooks = dict(next_stage=dict(type='NextStageHook'))

clips = dict(open=dict(size=256), mask=dict(grid_size=(5, 32, 32), encoder=dict(num_blocks=6)))

model = dict(backbone=dict(grid_size=(5, 32, 32)))
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=clips))
val_dataloader = dict(dataset=dict(pipeline=clips))
optim_wrapper = dict(optimizer=dict(lr=3e-4), accumulative_counts=8)
param_scheduler = dict(warmup_share=0.05)
train_cfg = dict(max_epochs=100)
