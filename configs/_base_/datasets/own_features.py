# Features of your own untrimmed videos, whose sidecars say how they were made.
# tools/data/prepare_segments.py writes annotation.json and classes.txt, and
# tools/misc/extract_features.py the features. The environment sets the number of classes, and
# describes the features if they are not those of the small network in docs/localization.md:
#   NUM_CLASSES=7 FEATURE_WIDTH=384 FEATURE_STRIDE=4 FEATURE_DIR=folder python tools/train.py ...
# LIST_DIR is the folder of the annotation, if it is not data/own.
num_classes = {{'$NUM_CLASSES:10'}}
feature_width = {{'$FEATURE_WIDTH:128'}}
feature_stride = {{'$FEATURE_STRIDE:8'}}
list_dir = '{{$LIST_DIR:data/own}}'
feature_dir = '{{$FEATURE_DIR:data/own/features}}'

dataset = dict(
    type='FeatureDataset',
    ann_file=f'{list_dir}/annotation.json',
    feature_dir=feature_dir,
    features=dict(width=feature_width, stride=feature_stride),
    classes=f'{list_dir}/classes.txt',
    num_classes=num_classes,
    allow_empty=True,
)

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,  # there may be fewer videos than a batch
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        dataset,
        subsets='training',
        pipeline=dict(
            load=dict(type='LoadFeatures'),
            crop=dict(
                type='CropFeatures', max_seq_len=768, trunc_thresh=0.5, crop_ratio=(0.9, 1.0)
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
