# Kinetics-400 videos, labels ignored; tools/data/kinetics/prepare.py writes the list:
#   data/kinetics400/train.csv   lines 'path label'
#   data/kinetics400/videos/
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[
            dict(ann_file='data/kinetics400/train.csv', data_prefix='data/kinetics400/videos')
        ],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(type='SampleClip', clip_len=16, stride=4),
            read=dict(type='ReadFrames'),
            augment=dict(
                type='RepeatAugment',
                num_repeats=1,
                transforms=dict(
                    crop=dict(type='ClipMultiScaleCrop', size=224),
                    mask=dict(
                        type='GenerateMasks',
                        grid_size=(8, 14, 14),
                        encoder=dict(type='TubeMask', ratio=0.9),
                    ),
                ),
            ),
            pack=dict(type='PackClips'),
        ),
    ),
)
