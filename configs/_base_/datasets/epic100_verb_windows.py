# EPIC-Kitchens-100 from its video files, verbs: 97 classes. A window has 6144 frames, 15 a second
# (every 2nd of a video of 30 frames per second): 410 s.
# tools/data/prepare_segments.py --set epic-verb writes the annotation. Augmentation is that of
# THUMOS14.
_base_ = 'thumos14_windows.py'

dataset = dict(
    ann_file='data/epic100/verb/annotation.json',
    videos=dict(folder='data/epic100/videos'),
    windows=dict(frames=6144, stride=2, fps=30.0),
    classes='data/epic100/verb/classes.txt',
    num_classes=97,
)
steps = dict(window=dict(trunc_thresh=0.3))
train_dataloader = dict(
    dataset=dict(dataset, subsets='training', on_bad_sample='skip', pipeline=steps)
)
val_dataloader = dict(
    dataset=dict(dataset, subsets='validation', exclude=(), allow_empty=True, pipeline=steps)
)
test_dataloader = val_dataloader
val_evaluator = dict(
    iou_thresholds=(0.1, 0.2, 0.3, 0.4, 0.5),
    merge=dict(sigma=0.4, max_segments=2000, voting_thresh=0.75),
)
test_evaluator = val_evaluator
