# V2 keeps the decoder at 4 blocks for every encoder.
_base_ = 'videomae_vit-large-p16.py'

model = dict(neck=dict(depth=4))
