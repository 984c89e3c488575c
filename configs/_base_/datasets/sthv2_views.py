# Two views of every clip of Something-Something V2, not mirrored: left and right make classes.
_base_ = 'kinetics400_views.py'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file='data/sthv2/train.csv', data_prefix='data/sthv2/videos')],
        pipeline=dict(sample=dict(stride=2), augment=dict(transforms=dict(flip=None))),
    )
)
