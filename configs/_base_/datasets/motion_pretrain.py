# Clips of tools/data/synthesize.py, labels ignored.
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[dict(ann_file='data/motion/pretrain.csv', data_prefix='data/motion')],
        pipeline=dict(
            # On files this small PyAV is more than twice as fast as decord.
            open=dict(type='OpenVideo', backend='pyav'),
            sample=dict(type='SampleClip', clip_len=8, stride=2),
            read=dict(type='ReadFrames'),
            augment=dict(
                type='RepeatAugment',
                # Decoding a video costs about as much as training on a clip of it.
                num_repeats=2,
                transforms=dict(
                    crop=dict(
                        type='ClipMultiScaleCrop', size=32, scales=(0.8,)
                    ),  # of 40x40, so only cut
                    mask=dict(
                        type='GenerateMasks',
                        grid_size=(4, 4, 4),
                        encoder=dict(type='TubeMask', ratio=0.75),
                    ),
                ),
            ),
            pack=dict(type='PackClips'),
        ),
    ),
)
