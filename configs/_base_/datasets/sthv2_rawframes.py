# Something-Something V2 as folders of frames; lists by
# tools/data/sthv2/prepare.py --frames:
#   data/sthv2/{train,val}_rawframes.csv   lines 'folder total_frames label'
#   data/sthv2/rawframes/<folder>/img_00001.jpg ...
_base_ = 'sthv2.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/train_rawframes.csv',
                data_prefix='data/sthv2/rawframes',
                filename_tmpl='img_{:05}.jpg',
                columns='path total label',
            )
        ],
        num_classes=174,
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/val_rawframes.csv',
                data_prefix='data/sthv2/rawframes',
                filename_tmpl='img_{:05}.jpg',
                columns='path total label',
            )
        ],
        num_classes=174,
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/val_rawframes.csv',
                data_prefix='data/sthv2/rawframes',
                filename_tmpl='img_{:05}.jpg',
                columns='path total label',
            )
        ],
        num_classes=174,
    ),
)
