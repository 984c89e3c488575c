# bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_8xb8-16x4x1-100e_kinetics400.py 8
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.5 M parameters,
#   8 GPUs.
# Paper: as videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py.
# Recipe: the released script. As the published recipe; 8 batches of 8 on 8 GPUs are accumulated
#   to its 512 clips, so that updates and rates are the same.
_base_ = 'videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400.py'

optim_wrapper = dict(accumulative_counts=8)  # 8 x 8 x 8 = 512 clips
