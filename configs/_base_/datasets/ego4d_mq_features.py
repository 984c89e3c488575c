# Moment queries of Ego4D: clips of 8 minutes with segments of 110 classes, which overlap, since
# several people annotated each clip. tools/data/prepare_segments.py --set ego4d-mq writes the
# annotation. Features are at 30 frames per second. A leaf sets feature_dir and features.
# Reported are the average mAP and Recall@1x at IoU 0.5 (segment/recall@1x@0.50).
_base_ = 'thumos14_features.py'

dataset = dict(
    ann_file='data/ego4d/annotation.json',
    features=dict(fps=30.0),
    classes='data/ego4d/classes.txt',
    num_classes=110,
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
