# NNODES=16 bash tools/dist_train.sh configs/pretrain/vimpac/ablations/\
# vimpac_small-p8_128xb1-5x2fps-10e_howto100m_alpha0-blocks6.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 29.7 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 67.3 % top-1 on UCF101 after fine-tuning and 17.3 % accuracy on the masked codes; 5 blocks
#   reach 68.3 % and 17.6 % (Table 9).
_base_ = 'vimpac_small-p8_128xb1-5x2fps-10e_howto100m_alpha0.py'

mask = dict(encoder=dict(num_blocks=6))
train_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
val_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
