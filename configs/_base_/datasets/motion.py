# Labelled clips of tools/data/synthesize.py. No flips: they would turn one class into another.
# Validation uses one view, the test 15: five clips x three crops of each video, decoded once.
# few.csv lists a few labelled clips many times, so that an epoch has about 20 iterations; each
# repeat is augmented separately (mmengine's RepeatDataset would augment all repeats alike).
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        type='VideoListDataset',
        sources=[dict(ann_file='data/motion/few.csv', data_prefix='data/motion')],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='pyav'),
            sample=dict(type='SampleClip', clip_len=8, stride=2),
            read=dict(type='ReadFrames'),
            crop=dict(type='ClipMultiScaleCrop', size=32, scales=(0.8,)),  # of 40x40, so only cut
            pack=dict(type='PackClips'),
        ),
        labelled=True,
    ),
)
val_dataloader = dict(
    batch_size=50,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VideoListDataset',
        sources=[dict(ann_file='data/motion/test.csv', data_prefix='data/motion')],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='pyav'),
            sample=dict(type='SampleClip', clip_len=8, stride=2, test_mode=True),
            read=dict(type='ReadFrames'),
            crop=dict(type='CropViews', size=32, short_side=40),
            pack=dict(type='PackClips'),
        ),
        labelled=True,
        test_mode=True,
    ),
)
test_dataloader = dict(
    val_dataloader,
    dataset=dict(
        val_dataloader['dataset'],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='pyav'),
            sample=dict(type='SampleDenseClips', clip_len=8, stride=2, num_clips=5, test_mode=True),
            read=dict(type='ReadFrames'),
            crop=dict(type='CropViews', size=32, num_crops=3, short_side=40),
            pack=dict(type='PackClips'),
        ),
    ),
)
val_evaluator = dict(type='AccMetric', metric_options=dict(top_k_accuracy=dict(topk=(1,))))
test_evaluator = val_evaluator
