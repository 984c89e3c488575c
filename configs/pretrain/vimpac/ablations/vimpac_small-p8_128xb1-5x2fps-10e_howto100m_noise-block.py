# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vimpac/ablations/vimpac_small-p8_128xb1-5x2fps-10e_howto100m_noise-block.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: similar to plain masks at small scale; the large model diverges after about 10 epochs
#   (appendix G.3, without figures).
# Differs from the paper: there each token gets a draw of its own; see noise-token. This is the
#   noise of the released code, which leaves it off.
_base_ = '../vimpac_small-p8_128xb1-5x2fps-10e_howto100m.py'

mask = dict(noise=dict(type='BertNoise', num_codes=8192, per='block'))
train_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
val_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
