# Something-Something V2 with labels: 16 frames, one of each sixteenth of the video. No flip: left
# and right are part of the classes. Test: 2 clips x 3 crops.
# Lists by tools/data/sthv2/prepare.py: data/sthv2/{train,val}.csv, classes.txt and videos/.
_base_ = 'kinetics400.py'

train_pipeline = _base_.train_pipeline
train_pipeline[1] = dict(type='SampleSegments', clip_len=16)
train_pipeline[3].transforms.pop(2)
val_pipeline = _base_.val_pipeline
val_pipeline[1] = dict(type='SampleSegments', clip_len=16, num_clips=1, test_mode=True)
test_pipeline = _base_.test_pipeline
test_pipeline[1] = dict(type='SampleSegments', clip_len=16, num_clips=2, test_mode=True)

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/train.csv',
                data_prefix='data/sthv2/videos',
            )
        ],
        pipeline=train_pipeline,
        num_classes=174,
        classes='data/sthv2/classes.txt',
        mirrorable=False,
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/val.csv',
                data_prefix='data/sthv2/videos',
            )
        ],
        pipeline=val_pipeline,
        num_classes=174,
        classes='data/sthv2/classes.txt',
        mirrorable=False,
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/val.csv',
                data_prefix='data/sthv2/videos',
            )
        ],
        pipeline=test_pipeline,
        num_classes=174,
        classes='data/sthv2/classes.txt',
        mirrorable=False,
    ),
)
