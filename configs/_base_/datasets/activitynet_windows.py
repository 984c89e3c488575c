# ActivityNet-1.3 from its video files: a window is a whole video, 768 frames spread evenly over it.
# The names in the annotation lack the v_ of the files. Videos that are no longer to be had are left
# out of training; a test needs all, or those that it leaves out in test_dataloader.dataset.exclude.
# Augmentation is that of THUMOS14.
_base_ = 'thumos14_windows.py'

dataset = dict(
    ann_file='data/activitynet/activity_net.v1-3.min.json',
    videos=dict(folder='data/activitynet/videos'),
    video_name='v_{}',
    windows=dict(stride='even'),
    num_classes=200,
)
steps = dict(window=dict(trunc_thresh=0.5), pack=dict(class_agnostic=True))
thresholds = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)

train_dataloader = dict(
    batch_size=16,
    dataset=dict(dataset, subsets='training', on_bad_sample='skip', pipeline=steps),
)
val_dataloader = dict(dataset=dict(dataset, subsets='validation', exclude=(), pipeline=steps))
test_dataloader = val_dataloader
# Validation ignores classes, as does training; the test needs scores from another classifier.
val_evaluator = dict(iou_thresholds=thresholds, class_agnostic=True, merge=None)
test_evaluator = dict(iou_thresholds=thresholds, merge=None)
