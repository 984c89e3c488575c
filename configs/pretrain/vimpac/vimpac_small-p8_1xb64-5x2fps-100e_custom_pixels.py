# python tools/train.py configs/pretrain/vimpac/vimpac_small-p8_1xb64-5x2fps-100e_custom_pixels.py
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 1 GPU.
# Paper: nothing.
# Recipe: as in the config that this one varies. Videos are decoded and tokenized during training,
#   which needs no files of codes but takes longer.
_base_ = 'vimpac_small-p8_1xb64-5x2fps-100e_custom.py'

train_dataloader = dict(dataset=dict(pipeline=_base_.from_pixels))
