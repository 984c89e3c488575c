# Something-Something V2 as V-JEPA 2 is evaluated on it: dense clips of 16 frames with stride 4,
# 256 pixels, no flips. Validation and test use 2 clips x 3 crops.
_base_ = 'sthv2.py'

clips = dict(_delete_=True, type='SampleDenseClips', clip_len=16, stride=4)
views = dict(sample=dict(clips, num_clips=2, test_mode=True), crop=dict(size=256, num_crops=3))

train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            sample=clips, augment=dict(num_repeats=1, transforms=dict(crop=dict(size=256)))
        )
    )
)
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=views))
test_dataloader = dict(dataset=dict(pipeline=views))
