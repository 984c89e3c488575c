# THUMOS14 from its video files: training on windows of its 200 validation videos, test on windows
# that cover 211 of the 213 annotated videos of its test set. OpenTAD, whose figures the leaves
# quote, leaves out the same two.
# A window has 768 frames, every 4th of the video: 102 s at 30 frames per second. The augmentation
# is AdaTAD's, with timm's RandAugment in the place of imgaug's.
dataset = dict(
    type='VideoWindowDataset',
    ann_file='data/thumos14/annotations/thumos14.json',
    videos=dict(folder='data/thumos14/videos'),
    windows=dict(frames=768, stride=4, overlap=0.5),
    num_classes=20,
)

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type='pseudo_collate'),
    sampler=dict(type='EpochSampler', shuffle=True),
    dataset=dict(
        dataset,
        subsets='validation',
        pipeline=dict(
            open=dict(type='OpenVideo', deadline=300.0),
            window=dict(type='SampleWindow', trunc_thresh=0.75, crop_ratio=(0.9, 1.0)),
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
            pack=dict(type='PackWindow'),
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
        subsets='test',
        exclude=('video_test_0000270', 'video_test_0001292'),
        pipeline=dict(
            open=dict(type='OpenVideo', deadline=300.0),
            window=dict(type='SampleWindow', trunc_thresh=0.75),
            read=dict(type='ReadFrames', short_side=160),
            crop=dict(type='CropViews', size=160),
            pack=dict(type='PackWindow'),
        ),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    type='SegmentMAP',
    iou_thresholds=(0.3, 0.4, 0.5, 0.6, 0.7),
    merge=dict(method='gaussian', sigma=0.7, min_score=0.001, max_segments=2000, voting_thresh=0.7),
)
test_evaluator = val_evaluator
