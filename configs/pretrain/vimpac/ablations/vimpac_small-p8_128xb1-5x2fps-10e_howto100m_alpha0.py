# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/ablations/vimpac_small-p8_128xb1-5x2fps-10e_howto100m_alpha0.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 29.7 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 68.3 % top-1 on UCF101 after fine-tuning, 69.4 % with contrast (Tables 7, 8, 9 and 16);
#   41.4 % on Something-Something V2, 37.2 % on Diving48, 35.3 % on HMDB51, 53.7 % on Kinetics-400
#   (Table 7).
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

model = dict(alpha=0.0)
