# NNODES=16 bash tools/dist_train.sh configs/pretrain/vimpac/ablations/\
# vimpac_small-p8_128xb1-5x2fps-10e_howto100m_contrast-only.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 31.0 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 57.1 % top-1 on UCF101 after fine-tuning (Tables 7, 12 and 16, where it is called an
#   infinite weight); 32.5 % on Something-Something V2, 26.3 % on Diving48, 30.7 % on HMDB51, 47.0 %
#   on Kinetics-400 (Table 7).
# Differs from the released code, which does not support clips without masks.
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(head=None, contrast_input='intact')
