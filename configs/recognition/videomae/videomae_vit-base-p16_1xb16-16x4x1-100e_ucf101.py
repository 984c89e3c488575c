# python tools/train.py \
#     configs/recognition/videomae/videomae_vit-base-p16_1xb16-16x4x1-100e_ucf101.py
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.3 M parameters,
#   1 GPU, activation checkpointing.
# Paper: as videomae_vit-base-p16_8xb16-16x4x1-100e_ucf101.py.
# Recipe: the released script. As the published recipe; 8 batches of 16 on 1 GPU are accumulated
#   to its 128 clips, so that updates and rates are the same.
_base_ = 'videomae_vit-base-p16_8xb16-16x4x1-100e_ucf101.py'

optim_wrapper = dict(accumulative_counts=8)  # 1 x 16 x 8 = 128 clips
