# Diving48 with labels, as kinetics400.py; lists by tools/data/diving48/prepare.py:
# data/diving48/{train,val}.csv, classes.txt and videos/.
_base_ = 'kinetics400.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/diving48/train.csv',
                data_prefix='data/diving48/videos',
            )
        ],
        num_classes=48,
        classes='data/diving48/classes.txt',
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/diving48/val.csv',
                data_prefix='data/diving48/videos',
            )
        ],
        num_classes=48,
        classes='data/diving48/classes.txt',
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/diving48/val.csv',
                data_prefix='data/diving48/videos',
            )
        ],
        num_classes=48,
        classes='data/diving48/classes.txt',
    ),
)
