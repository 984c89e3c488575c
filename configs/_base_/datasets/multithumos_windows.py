# MultiTHUMOS from the video files of THUMOS14: segments of 65 classes, which overlap. Windows and
# augmentation are those of THUMOS14; tools/data/prepare_segments.py --set multithumos writes the
# annotation.
_base_ = 'thumos14_windows.py'

annotation = dict(
    ann_file='data/multithumos/annotation.json',
    classes='data/multithumos/classes.txt',
    num_classes=65,
)
train_dataloader = dict(dataset=dict(annotation, subsets='training'))
val_dataloader = dict(dataset=dict(annotation, subsets='validation', exclude=()))
test_dataloader = val_dataloader
val_evaluator = dict(
    iou_thresholds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    merge=dict(sigma=0.5, max_segments=8000),
)
test_evaluator = val_evaluator
