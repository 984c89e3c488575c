# Charades: segments of 157 classes, which overlap. tools/data/prepare_segments.py --set charades
# writes the annotation; prepare it with the folder of the features, whose frame rate may differ
# from that of the videos. Videos without segments are left out of training, and count in the test.
# A leaf sets feature_dir and features.
_base_ = 'thumos14_features.py'

annotation = dict(
    ann_file='data/charades/annotation.json',
    classes='data/charades/classes.txt',
    num_classes=157,
)
train_dataloader = dict(
    batch_size=16, dataset=dict(annotation, subsets='training', on_bad_sample='skip')
)
val_dataloader = dict(dataset=dict(annotation, subsets='validation', allow_empty=True))
test_dataloader = val_dataloader
val_evaluator = dict(iou_thresholds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
test_evaluator = val_evaluator
