# NNODES=16 bash tools/dist_train.sh configs/pretrain/vimpac/ablations/\
# vimpac_small-p8_128xb1-5x2fps-10e_howto100m_layout-t-hxw.py 8
# Cost: 34.39 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 69.0 % top-1 on UCF101 after fine-tuning, against 69.4 % with T,H|W (Table 13).
# Differs from the paper: it prints 27.1 M parameters; two attentions of full width, as it describes
#   them, have 29.4 M.
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(backbone=dict(layout='T,HxW'))
