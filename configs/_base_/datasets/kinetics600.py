# Kinetics-600, as kinetics400.py: data/kinetics600/{train,val}.csv, classes.txt and videos/.
_base_ = 'kinetics400.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/kinetics600/train.csv',
                data_prefix='data/kinetics600/videos',
            )
        ],
        num_classes=600,
        classes='data/kinetics600/classes.txt',
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/kinetics600/val.csv',
                data_prefix='data/kinetics600/videos',
            )
        ],
        num_classes=600,
        classes='data/kinetics600/classes.txt',
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/kinetics600/val.csv',
                data_prefix='data/kinetics600/videos',
            )
        ],
        num_classes=600,
        classes='data/kinetics600/classes.txt',
    ),
)
