# MultiTHUMOS: the videos of THUMOS14 with segments of 65 classes, which overlap. Training on the
# validation videos of THUMOS14, which are the training set here; test on its test videos, which are
# the validation set. tools/data/prepare_segments.py --set multithumos writes the annotation.
# Features are those of THUMOS14. A leaf sets feature_dir and features.width.
_base_ = 'thumos14_features.py'

annotation = dict(
    ann_file='data/multithumos/annotation.json',
    classes='data/multithumos/classes.txt',
    num_classes=65,
)
train_dataloader = dict(dataset=dict(annotation, subsets='training'))
val_dataloader = dict(dataset=dict(annotation, subsets='validation'))
test_dataloader = val_dataloader
val_evaluator = dict(iou_thresholds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
test_evaluator = val_evaluator
