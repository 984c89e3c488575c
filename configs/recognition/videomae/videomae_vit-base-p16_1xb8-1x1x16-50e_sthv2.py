# python tools/train.py configs/recognition/videomae/videomae_vit-base-p16_1xb8-1x1x16-50e_sthv2.py
# Cost: 180.49 G multiply-accumulates per view, 2 clips x 3 crops in the test; 86.4 M parameters,
#   1 GPU.
# Paper: as videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py.
# Recipe: the released script. As the published recipe, but with updates of 64 clips, eight times
#   as many, and the rate scaled by 64 / 512. For the published updates set
#   optim_wrapper.accumulative_counts=64 and auto_scale_lr.enable=False.
_base_ = 'videomae_vit-base-p16_64xb8-1x1x16-50e_sthv2.py'

optim_wrapper = dict(accumulative_counts=8)
auto_scale_lr = dict(enable=True)
