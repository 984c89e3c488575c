# ActivityNet-1.3: features of tools/misc/extract_features.py (16 consecutive frames, one every 16),
# stretched or shrunk to 192 steps; their sidecars give the frame rate of each video. The names in
# the annotation lack the v_ of the files. A leaf sets feature_dir and features.width.
dataset = dict(
    type='FeatureDataset',
    ann_file='data/activitynet/activity_net.v1-3.min.json',
    feature_dir='data/activitynet/features/videomaev2-giant',
    feature_name='v_{}.npy',
    features=dict(stride=16, window=16, width=1408),
    num_classes=200,
)

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        dataset,
        subsets='training',
        pipeline=dict(
            load=dict(type='LoadFeatures'),
            resample=dict(type='ResampleFeatures', length=192),
            crop=dict(
                type='CropFeatures', max_seq_len=192, trunc_thresh=0.5, crop_ratio=(0.9, 1.0)
            ),
            pack=dict(type='PackFeatures', class_agnostic=True),
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
        subsets='validation',
        pipeline=dict(
            load=dict(type='LoadFeatures'),
            resample=dict(type='ResampleFeatures', length=192),
            pack=dict(type='PackFeatures', class_agnostic=True),
        ),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
# Validation ignores classes, as does training; the test needs scores from another classifier.
val_evaluator = dict(
    type='SegmentMAP',
    iou_thresholds=(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    class_agnostic=True,
)
test_evaluator = dict(
    type='SegmentMAP',
    iou_thresholds=(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
)
