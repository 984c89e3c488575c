# NNODES=16 bash tools/dist_train.sh configs/pretrain/vimpac/ablations/\
# vimpac_small-p8_128xb1-5x2fps-10e_howto100m_alpha0-iid119.py 8
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 29.7 M parameters
#   without the tokenizer, 128 GPUs.
# Paper: 64.5 % top-1 on UCF101 after fine-tuning and 25.6 % accuracy on the masked codes; blocks
#   with the same share reach 66.8 % and 17.9 % (Table 15).
_base_ = 'vimpac_small-p8_128xb1-5x2fps-10e_howto100m_alpha0.py'

mask = dict(encoder=dict(_delete_=True, type='IidMask', ratio=0.119))
train_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
val_dataloader = dict(dataset=dict(pipeline=dict(mask=mask)))
