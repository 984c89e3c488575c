# THUMOS14: training on its 200 validation videos, test on the 213 annotated videos of its test set.
# Features cover 16 consecutive frames, one every 4 frames, at the frame rate of the annotation.
# Published features have no sidecar, so that these values are all that is known about them. A leaf
# sets feature_dir and features.width.
dataset = dict(
    type='FeatureDataset',
    ann_file='data/thumos14/annotations/thumos14.json',
    feature_dir='data/thumos14/features/videomaev2-giant',
    features=dict(stride=4, window=16, width=1408),
    num_classes=20,
)

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        dataset,
        subsets='validation',
        pipeline=dict(
            load=dict(type='LoadFeatures'),
            crop=dict(
                type='CropFeatures', max_seq_len=2304, trunc_thresh=0.5, crop_ratio=(0.9, 1.0)
            ),
            pack=dict(type='PackFeatures'),
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        subsets='test',
        pipeline=dict(
            load=dict(type='LoadFeatures'),
            pack=dict(type='PackFeatures'),
        ),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='SegmentMAP', iou_thresholds=(0.3, 0.4, 0.5, 0.6, 0.7))
test_evaluator = val_evaluator
