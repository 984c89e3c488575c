# A network smaller than that of videomae_vit-tiny-p8_scratch_motion.py, trained from random weights
# on labels alone, for comparison with videomae_vit-tiny-p8_distill_motion.py.
# python tools/train.py configs/demo/videomae_vit-tiny-p8_small-student_motion.py
_base_ = 'videomae_vit-tiny-p8_scratch_motion.py'

model = dict(
    backbone=dict(arch=dict(_delete_=True, embed_dims=48, depth=2, num_heads=3)),
)
