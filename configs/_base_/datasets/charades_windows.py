# Charades from its video files: segments of 157 classes, which overlap. A window has 512 frames,
# 7.5 a second (every 4th of a video of 30 frames per second): 68 s, longer than most videos.
# tools/data/prepare_segments.py --set charades writes the annotation. Videos without segments are
# left out of training, and count in the test. Augmentation is that of THUMOS14.
_base_ = 'thumos14_windows.py'

dataset = dict(
    ann_file='data/charades/annotation.json',
    videos=dict(folder='data/charades/videos'),
    windows=dict(frames=512, fps=30.0),
    classes='data/charades/classes.txt',
    num_classes=157,
)
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        dataset,
        subsets='training',
        on_bad_sample='skip',
        pipeline=dict(window=dict(trunc_thresh=0.5)),
    ),
)
val_dataloader = dict(
    dataset=dict(
        dataset,
        subsets='validation',
        exclude=(),
        allow_empty=True,
        pipeline=dict(window=dict(trunc_thresh=0.5)),
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(
    iou_thresholds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    merge=dict(sigma=0.3, max_segments=1000),
)
test_evaluator = val_evaluator
