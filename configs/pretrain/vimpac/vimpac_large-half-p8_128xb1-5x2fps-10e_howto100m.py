# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/vimpac_large-half-p8_128xb1-5x2fps-10e_howto100m.py 8
# Cost: 259.17 G multiply-accumulates per clip and pass through the encoder, 233.2 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 78.5 % top-1 on UCF101 after fine-tuning, 18.7 % accuracy on the masked codes, contrastive
#   loss 0.98 (Table 6).
# Recipe: the rate is that of the 100 epochs; it is not published for 10.
_base_ = [
    '../../_base_/models/vimpac_large-half.py',
    '../../_base_/datasets/howto100m_codes.py',
    '../../_base_/schedules/adamw_vimpac.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=1)
optim_wrapper = dict(optimizer=dict(lr=3e-4), accumulative_counts=8)
