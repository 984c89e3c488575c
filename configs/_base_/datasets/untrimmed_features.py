# Features of the videos of `tools/data/synthesize.py untrimmed`; their sidecars say how they were
# made.
dataset = dict(
    type='FeatureDataset',
    ann_file='data/untrimmed/annotation.json',
    feature_dir='data/untrimmed/features',
    features=dict(width=96),
    classes='data/untrimmed/classes.txt',
)

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        dataset,
        subsets='training',
        pipeline=dict(
            load=dict(type='LoadFeatures'),
            crop=dict(
                type='CropFeatures', max_seq_len=320, trunc_thresh=0.5, crop_ratio=(0.9, 1.0)
            ),
            pack=dict(type='PackFeatures'),
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        subsets='validation',
        pipeline=dict(load=dict(type='LoadFeatures'), pack=dict(type='PackFeatures')),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='SegmentMAP', iou_thresholds=(0.3, 0.4, 0.5, 0.6, 0.7), classwise=True)
test_evaluator = val_evaluator
