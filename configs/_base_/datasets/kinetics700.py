# Kinetics-700, as kinetics400.py: data/kinetics700/{train,val}.csv, classes.txt and videos/.
_base_ = 'kinetics400.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/kinetics700/train.csv',
                data_prefix='data/kinetics700/videos',
            )
        ],
        num_classes=700,
        classes='data/kinetics700/classes.txt',
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/kinetics700/val.csv',
                data_prefix='data/kinetics700/videos',
            )
        ],
        num_classes=700,
        classes='data/kinetics700/classes.txt',
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/kinetics700/val.csv',
                data_prefix='data/kinetics700/videos',
            )
        ],
        num_classes=700,
        classes='data/kinetics700/classes.txt',
    ),
)
