# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/ablations/vimpac_small-p8_128xb1-5x2fps-10e_howto100m_256px.py 8
# Cost: 130.42 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 72.9 % top-1 on UCF101 fine-tuned on such clips and 75.7 % on 10 frames of 256 pixels; 10.8
#   % accuracy on the masked codes, contrastive loss 0.93 (Table 14).
_base_ = [
    '../../../_base_/models/vimpac_small.py',
    '../../../_base_/datasets/howto100m_codes.py',
    '../../../_base_/schedules/adamw_vimpac.py',
    '../../../_base_/default_runtime.py',
]

clips = dict(open=dict(size=256), mask=dict(grid_size=(5, 32, 32), encoder=dict(num_blocks=6)))

model = dict(backbone=dict(grid_size=(5, 32, 32)))
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=clips))
val_dataloader = dict(dataset=dict(pipeline=clips))
optim_wrapper = dict(accumulative_counts=8)
