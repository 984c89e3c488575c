# ActivityNet-1.3 from its video files: a window is a whole video, 768 frames spread evenly over it.
# The names in the annotation lack the v_ of the files. Videos that are no longer to be had are left
# out of training; a test needs all, or those that it leaves out in test_dataloader.dataset.exclude.
dataset = dict(
    type='VideoWindowDataset',
    ann_file='data/activitynet/activity_net.v1-3.min.json',
    videos=dict(folder='data/activitynet/videos'),
    video_name='v_{}',
    windows=dict(frames=768, stride='even'),
    num_classes=200,
)

train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        dataset,
        subsets='training',
        on_bad_sample='skip',
        pipeline=dict(
            open=dict(type='OpenVideo', deadline=300.0),
            window=dict(type='SampleWindow'),
            read=dict(type='ReadFrames', short_side=182),
            crop=dict(type='ClipRandomResizedCrop', size=160),
            flip=dict(type='ClipFlip'),
            augment=dict(
                type='ClipRandAugment', magnitude=9, num_ops=2, magnitude_std=0.0, prob=1.0
            ),
            jitter=dict(
                type='ClipColorViews',
                jitter=1.0,
                strength=(0.5, 0.5, 0.5, 0.1),
                grey=0.0,
                blur=(0.0,),
                solarise=(0.0,),
            ),
            pack=dict(type='PackWindow', class_agnostic=True),
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        subsets='validation',
        pipeline=dict(
            open=dict(type='OpenVideo', deadline=300.0),
            window=dict(type='SampleWindow'),
            read=dict(type='ReadFrames', short_side=160),
            crop=dict(type='CropViews', size=160),
            pack=dict(type='PackWindow', class_agnostic=True),
        ),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
# Validation ignores classes, as does training; the test needs scores from another classifier.
val_evaluator = dict(
    type='SegmentMAP',
    iou_thresholds=(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    class_agnostic=True,
)
test_evaluator = dict(
    type='SegmentMAP',
    iou_thresholds=(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
)
