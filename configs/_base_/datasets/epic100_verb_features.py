# EPIC-Kitchens-100, verbs: 97 classes. Features cover 32 frames, one every 16 frames, at 30 frames
# per second, whatever the rate of the videos: prepare the annotation with the folder of features.
# tools/data/prepare_segments.py --set epic-verb writes it. A leaf sets feature_dir and
# features.width.
_base_ = 'thumos14_features.py'

dataset = dict(
    ann_file='data/epic100/verb/annotation.json',
    feature_dir='data/epic100/features/slowfast',
    features=dict(stride=16, window=32, fps=30.0, width=2304),
    classes='data/epic100/verb/classes.txt',
    num_classes=97,
)
train_dataloader = dict(
    dataset=dict(
        dataset,
        subsets='training',
        on_bad_sample='skip',
        pipeline=dict(crop=dict(trunc_thresh=0.3)),
    )
)
val_dataloader = dict(dataset=dict(dataset, subsets='validation', allow_empty=True))
test_dataloader = val_dataloader
val_evaluator = dict(iou_thresholds=(0.1, 0.2, 0.3, 0.4, 0.5))
test_evaluator = val_evaluator
