# bash tools/dist_train.sh \
#     configs/recognition/videomae/videomae_vit-base-p16_4xb8-1x1x16-50e_sthv2.py 4
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   4 GPUs.
# Paper: as videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py.
# Recipe: the released script. As the published recipe; 16 batches of 8 on 4 GPUs are accumulated
#   to its 512 clips, so that updates and rates are the same.
_base_ = 'videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py'

optim_wrapper = dict(accumulative_counts=16)  # 4 x 8 x 16 = 512 clips
