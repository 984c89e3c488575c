# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/ablations/vimpac_small-p8_128xb1-5x2fps-10e_howto100m_alpha05.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 70.2 % top-1 on UCF101 after fine-tuning, 17.5 % accuracy on the masked codes, contrastive
#   loss 1.07 (Table 16).
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(alpha=0.5)
