# Features of the videos of `tools/data/synthesize.py untrimmed`; their sidecars say how they were
# made.
train_pipeline = [
    dict(type='LoadFeatures'),
    dict(type='CropFeatures', max_seq_len=320, trunc_thresh=0.5, crop_ratio=(0.9, 1.0)),
    dict(type='PackFeatures'),
]
test_pipeline = [dict(type='LoadFeatures'), dict(type='PackFeatures')]

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        type='FeatureDataset',
        ann_file='data/untrimmed/annotation.json',
        subsets='training',
        feature_dir='data/untrimmed/features',
        features=dict(width=96),
        classes='data/untrimmed/classes.txt',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='FeatureDataset',
        ann_file='data/untrimmed/annotation.json',
        subsets='validation',
        feature_dir='data/untrimmed/features',
        features=dict(width=96),
        classes='data/untrimmed/classes.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='FeatureDataset',
        ann_file='data/untrimmed/annotation.json',
        subsets='validation',
        feature_dir='data/untrimmed/features',
        features=dict(width=96),
        classes='data/untrimmed/classes.txt',
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
val_evaluator = dict(type='SegmentMAP', iou_thresholds=(0.3, 0.4, 0.5, 0.6, 0.7), classwise=True)
test_evaluator = val_evaluator
