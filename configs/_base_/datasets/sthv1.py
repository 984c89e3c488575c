# Something-Something V1, which is distributed as folders of frames; lists by
# tools/data/sthv1/prepare.py --frames:
#   data/sthv1/{train,val}_rawframes.csv   lines 'folder total_frames label'
#   data/sthv1/rawframes/<folder>/00001.jpg ...
_base_ = 'sthv2.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv1/train_rawframes.csv',
                data_prefix='data/sthv1/rawframes',
                filename_tmpl='{:05}.jpg',
                columns='path total label',
            )
        ],
        num_classes=174,
        classes='data/sthv1/classes.txt',
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv1/val_rawframes.csv',
                data_prefix='data/sthv1/rawframes',
                filename_tmpl='{:05}.jpg',
                columns='path total label',
            )
        ],
        num_classes=174,
        classes='data/sthv1/classes.txt',
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv1/val_rawframes.csv',
                data_prefix='data/sthv1/rawframes',
                filename_tmpl='{:05}.jpg',
                columns='path total label',
            )
        ],
        num_classes=174,
        classes='data/sthv1/classes.txt',
    ),
)
