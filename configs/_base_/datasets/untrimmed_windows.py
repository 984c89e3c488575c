# Videos of `tools/data/synthesize.py untrimmed`. No flips: they would turn one class into another.
# A window has 160 frames, every 2nd of the video: 32 s at 10 frames per second.
dataset = dict(
    type='VideoWindowDataset',
    ann_file='data/untrimmed/annotation.json',
    videos=dict(folder='data/untrimmed/videos'),
    windows=dict(frames=160, stride=2, overlap=0.5),
    classes='data/untrimmed/classes.txt',
)

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        dataset,
        subsets='training',
        pipeline=dict(
            open=dict(type='OpenVideo', backend='pyav'),
            window=dict(type='SampleWindow', trunc_thresh=0.5, crop_ratio=(0.9, 1.0)),
            read=dict(type='ReadFrames'),
            crop=dict(type='ClipMultiScaleCrop', size=32, scales=(0.8,)),  # of 40x40, so only cut
            pack=dict(type='PackWindow'),
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        dataset,
        subsets='validation',
        pipeline=dict(
            open=dict(type='OpenVideo', backend='pyav'),
            window=dict(type='SampleWindow', trunc_thresh=0.5),
            read=dict(type='ReadFrames'),
            crop=dict(type='CropViews', size=32, short_side=40),
            pack=dict(type='PackWindow'),
        ),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='SegmentMAP',
    iou_thresholds=(0.3, 0.4, 0.5, 0.6, 0.7),
    classwise=True,
    merge=dict(method='gaussian', sigma=0.5, min_score=0.001, max_segments=200),
)
test_evaluator = val_evaluator
