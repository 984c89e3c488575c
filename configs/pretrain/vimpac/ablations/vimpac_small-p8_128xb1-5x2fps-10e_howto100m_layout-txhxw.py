# NNODES=16 bash tools/dist_train.sh configs/pretrain/vimpac/ablations/\
# vimpac_small-p8_128xb1-5x2fps-10e_howto100m_layout-txhxw.py 8
# Cost: 34.30 G multiply-accumulates per clip and pass through the encoder, 25.0 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 65.9 % top-1 on UCF101 after fine-tuning, against 69.4 % with T,H|W (Table 13).
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(backbone=dict(layout='TxHxW'))
