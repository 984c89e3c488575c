# Kinetics-400 with labels: dense clips, 16 frames with stride 4. Lists by
# tools/data/kinetics/prepare.py:
#   data/kinetics400/{train,val}.csv   lines 'path label'
#   data/kinetics400/classes.txt       a name per label
#   data/kinetics400/videos/
# Training: two augmentations of each clip. Validation: the middle clip, centre crop. Test: 5 clips
# x 3 crops of the validation videos, each video decoded once.
train_pipeline = [
    dict(type='OpenVideo', backend='auto'),
    dict(type='SampleDenseClips', clip_len=16, stride=4),
    dict(type='ReadFrames'),
    dict(
        type='RepeatAugment',
        num_repeats=2,
        transforms=[
            dict(type='ClipRandAugment', magnitude=7, num_ops=4, magnitude_std=0.5),
            dict(type='ClipRandomResizedCrop', size=224),
            dict(type='ClipFlip', prob=0.5),
            dict(type='ClipRandomErasing', prob=0.25),
        ],
    ),
    dict(type='PackClips'),
]
val_pipeline = [
    dict(type='OpenVideo', backend='auto'),
    dict(type='SampleDenseClips', clip_len=16, stride=4, num_clips=1, test_mode=True),
    dict(type='ReadFrames'),
    dict(type='CropViews', size=224, num_crops=1),
    dict(type='PackClips'),
]
test_pipeline = [
    dict(type='OpenVideo', backend='auto'),
    dict(type='SampleDenseClips', clip_len=16, stride=4, num_clips=5, test_mode=True),
    dict(type='ReadFrames'),
    dict(type='CropViews', size=224, num_crops=3),
    dict(type='PackClips'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[
            dict(
                ann_file='data/kinetics400/train.csv',
                data_prefix='data/kinetics400/videos',
            )
        ],
        pipeline=train_pipeline,
        labelled=True,
        num_classes=400,
        classes='data/kinetics400/classes.txt',
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[
            dict(
                ann_file='data/kinetics400/val.csv',
                data_prefix='data/kinetics400/videos',
            )
        ],
        pipeline=val_pipeline,
        test_mode=True,
        labelled=True,
        num_classes=400,
        classes='data/kinetics400/classes.txt',
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[
            dict(
                ann_file='data/kinetics400/val.csv',
                data_prefix='data/kinetics400/videos',
            )
        ],
        pipeline=test_pipeline,
        test_mode=True,
        labelled=True,
        num_classes=400,
        classes='data/kinetics400/classes.txt',
    ),
)

val_evaluator = dict(type='AccMetric')
test_evaluator = dict(type='AccMetric')
