# NNODES=16 bash tools/dist_train.sh configs/pretrain/vimpac/ablations/\
# vimpac_small-p8_128xb1-5x2fps-10e_howto100m_256px-alpha0.py 8
# Cost: 130.42 G multiply-accumulates per clip and pass through the encoder, 29.7 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 69.5 % top-1 on UCF101 after fine-tuning and 11.2 % accuracy on the masked codes (Table 8).
_base_ = 'vimpac_small-p8_128xb1-5x2fps-10e_howto100m_256px.py'

model = dict(alpha=0.0)
