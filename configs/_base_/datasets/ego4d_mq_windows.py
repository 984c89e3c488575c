# Moment queries of Ego4D from video files of their clips: segments of 110 classes, which overlap.
# Cut the clips from Ego4D's videos first (CLIP_UID.mp4). A window has 7200 frames, every 2nd of the
# clip: 8 minutes at 30 frames per second, a whole clip.
# tools/data/prepare_segments.py --set ego4d-mq writes the annotation. Augmentation is that of
# THUMOS14, at 192 pixels.
# Reported are the average mAP and Recall@1x at IoU 0.5 (segment/recall@1x@0.50).
_base_ = 'thumos14_windows.py'

dataset = dict(
    ann_file='data/ego4d/annotation.json',
    videos=dict(folder='data/ego4d/clips'),
    windows=dict(frames=7200, stride=2, overlap=0.0),
    classes='data/ego4d/classes.txt',
    num_classes=110,
)
window = dict(trunc_thresh=0.3)
train_dataloader = dict(
    dataset=dict(
        dataset,
        subsets='training',
        on_bad_sample='skip',
        pipeline=dict(window=window, read=dict(short_side=220), crop=dict(size=192)),
    )
)
val_dataloader = dict(
    dataset=dict(
        dataset,
        subsets='validation',
        exclude=(),
        allow_empty=True,
        pipeline=dict(window=window, read=dict(short_side=192), crop=dict(size=192)),
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(
    iou_thresholds=(0.1, 0.2, 0.3, 0.4, 0.5),
    merge=dict(sigma=2.0, max_segments=2000, voting_thresh=0.95),
)
test_evaluator = val_evaluator
