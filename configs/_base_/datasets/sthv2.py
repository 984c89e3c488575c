# Something-Something V2 with labels: 16 frames, one from each sixteenth of the video. No flips:
# left and right are part of the classes. The test uses 2 clips x 3 crops.
# tools/data/sthv2/prepare.py writes data/sthv2/{train,val}.csv and classes.txt.
_base_ = 'kinetics400.py'

folder = 'data/sthv2'
num_classes = 174
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt', mirrorable=False)
segments = dict(_delete_=True, type='SampleSegments', clip_len=16)

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/train.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(sample=segments, augment=dict(transforms=dict(flip=None))),
        **labels,
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/val.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(sample=dict(segments, num_clips=1, test_mode=True)),
        **labels,
    ),
)
test_dataloader = dict(
    dataset=dict(
        val_dataloader['dataset'],
        pipeline=dict(sample=dict(segments, num_clips=2, test_mode=True)),
    ),
)
