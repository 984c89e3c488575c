# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/vimpac_small-deep-p8_128xb1-5x2fps-10e_howto100m.py 8
# Cost: 64.99 G multiply-accumulates per clip and pass through the encoder, 56.5 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 76.6 % top-1 on UCF101 after fine-tuning, 17.9 % accuracy on the masked codes, contrastive
#   loss 1.02 (Table 6).
# Recipe: the rate for this size is not published; the paper tries 1e-3, 5e-4 and 3e-4 in turn until
#   training does not diverge (appendix C.1).
_base_ = 'vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(backbone=dict(arch='small-deep'))
