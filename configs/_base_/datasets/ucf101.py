# UCF101 with labels, split 1; splits 2 and 3 by the environment: SPLIT=2 python tools/train.py ...
# Lists by tools/data/ucf101/prepare.py: data/ucf101/split1/{train,val}.csv; names of the classes in
# data/ucf101/classes.txt, videos below data/ucf101/videos.
_base_ = 'kinetics400.py'

split = {{'$SPLIT:1'}}

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file=f'data/ucf101/split{split}/train.csv',
                data_prefix='data/ucf101/videos',
            )
        ],
        num_classes=101,
        classes='data/ucf101/classes.txt',
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file=f'data/ucf101/split{split}/val.csv',
                data_prefix='data/ucf101/videos',
            )
        ],
        num_classes=101,
        classes='data/ucf101/classes.txt',
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file=f'data/ucf101/split{split}/val.csv',
                data_prefix='data/ucf101/videos',
            )
        ],
        num_classes=101,
        classes='data/ucf101/classes.txt',
    ),
)
