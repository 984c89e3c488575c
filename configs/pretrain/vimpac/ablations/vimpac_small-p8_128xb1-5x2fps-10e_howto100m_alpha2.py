# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/ablations/vimpac_small-p8_128xb1-5x2fps-10e_howto100m_alpha2.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 68.0 % top-1 on UCF101 after fine-tuning, 16.9 % accuracy on the masked codes, contrastive
#   loss 1.05 (Table 16).
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(alpha=2.0)
