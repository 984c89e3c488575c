# bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_4xb16-16x4x1-100e_ucf101.py 4
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.3 M parameters,
#   4 GPUs, activation checkpointing.
# Paper: as videomae_vit-base-p16_8xb16-16x4x1-100e_ucf101.py.
# Recipe: the released script. As the published recipe; 2 batches of 16 on 4 GPUs are accumulated
#   to its 128 clips, so that updates and rates are the same.
_base_ = 'videomae_vit-base-p16_8xb16-16x4x1-100e_ucf101.py'

optim_wrapper = dict(accumulative_counts=2)  # 4 x 16 x 2 = 128 clips
