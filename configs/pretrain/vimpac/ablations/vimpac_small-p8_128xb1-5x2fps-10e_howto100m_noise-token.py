# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/ablations/vimpac_small-p8_128xb1-5x2fps-10e_howto100m_noise-token.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: similar to plain masks at small scale; the large model diverges after about 10 epochs
#   (appendix G.3, without figures).
# Differs from the released code: there a whole block gets one draw; see noise-block.
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

mask = dict(noise=dict(type='BertNoise', num_codes=8192, per='token'))
train_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
val_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
