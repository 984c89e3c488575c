# NNODES=16 bash tools/dist_train.sh configs/pretrain/vimpac/ablations/\
# vimpac_small-p8_128xb1-5x2fps-10e_howto100m_layout-t-h-w-prenorm.py 8
# Cost: 40.72 G multiply-accumulates per clip and pass through the encoder, 37.6 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 69.0 % top-1 on UCF101 after fine-tuning, against 69.6 % with post-norm (Table 13).
_base_ = 'vimpac_small-p8_128xb1-5x2fps-10e_howto100m_layout-t-h-w.py'

model = dict(backbone=dict(pre_norm=True))
