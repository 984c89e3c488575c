# Kinetics-400 with labels: dense clips, 16 frames with stride 4. Lists are written by
# tools/data/kinetics/prepare.py:
#   data/kinetics400/{train,val}.csv   lines 'path label'
#   data/kinetics400/classes.txt       a name per label
#   data/kinetics400/videos/
# Training uses two augmentations of each clip, validation the centre crop of the middle clip, and
# the test 5 clips x 3 crops of the validation videos, each decoded once.
folder = 'data/kinetics400'
num_classes = 400
labels = dict(labelled=True, num_classes=num_classes, classes=f'{folder}/classes.txt')

train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[dict(ann_file=f'{folder}/train.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(type='SampleDenseClips', clip_len=16, stride=4),
            read=dict(type='ReadFrames'),
            augment=dict(
                type='RepeatAugment',
                num_repeats=2,
                transforms=dict(
                    rand_augment=dict(
                        type='ClipRandAugment', magnitude=7, num_ops=4, magnitude_std=0.5
                    ),
                    crop=dict(type='ClipRandomResizedCrop', size=224),
                    flip=dict(type='ClipFlip', prob=0.5),
                    erase=dict(type='ClipRandomErasing', prob=0.25),
                ),
            ),
            pack=dict(type='PackClips'),
        ),
        **labels,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='VideoListDataset',
        sources=[dict(ann_file=f'{folder}/val.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(
                type='SampleDenseClips', clip_len=16, stride=4, num_clips=1, test_mode=True
            ),
            read=dict(type='ReadFrames'),
            crop=dict(type='CropViews', size=224, num_crops=1),
            pack=dict(type='PackClips'),
        ),
        test_mode=True,
        **labels,
    ),
)
test_dataloader = dict(
    val_dataloader,
    batch_size=1,
    dataset=dict(
        val_dataloader['dataset'],
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(
                type='SampleDenseClips', clip_len=16, stride=4, num_clips=5, test_mode=True
            ),
            read=dict(type='ReadFrames'),
            crop=dict(type='CropViews', size=224, num_crops=3),
            pack=dict(type='PackClips'),
        ),
    ),
)

val_evaluator = dict(type='AccMetric')
test_evaluator = dict(type='AccMetric')
