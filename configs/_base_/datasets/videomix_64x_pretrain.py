# Clips of 64 frames of VideoMix, for the cool-down of V-JEPA 2.
_base_ = 'videomix_pretrain.py'

train_dataloader = dict(
    batch_size=12,
    dataset=dict(
        pipeline=dict(
            sample=dict(clip_len=64),
            augment=dict(transforms=dict(mask=dict(grid_size=(32, 16, 16)))),
        )
    ),
)
