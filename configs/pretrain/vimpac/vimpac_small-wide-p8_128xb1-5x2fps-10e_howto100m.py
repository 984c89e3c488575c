# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/vimpac_small-wide-p8_128xb1-5x2fps-10e_howto100m.py 8
# Cost: 72.93 G multiply-accumulates per clip and pass through the encoder, 65.7 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 75.0 % top-1 on UCF101 after fine-tuning, 17.7 % accuracy on the masked codes, contrastive
#   loss 1.03 (Table 6).
# Recipe: the rate for this size is not published; the paper tries 1e-3, 5e-4 and 3e-4 in turn until
#   training does not diverge (appendix C.1).
_base_ = 'vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(backbone=dict(arch='small-wide'))
