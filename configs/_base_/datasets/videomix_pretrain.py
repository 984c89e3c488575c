# The public part of V-JEPA 2's VideoMix22M: Kinetics-710, Something-Something V2 and HowTo100M, at
# about four frames per second. Each clip has two masks, one of small and one of large blocks.
#   data/kinetics710/train.csv, data/sthv2/train.csv, data/howto100m/train.csv, lines 'path label'
_base_ = 'v36m_pretrain.py'

train_dataloader = dict(
    batch_size=24,
    dataset=dict(
        sources=[
            dict(ann_file='data/kinetics710/train.csv', data_prefix='data'),
            dict(ann_file='data/sthv2/train.csv', data_prefix='data/sthv2/videos', stride=3),
            dict(ann_file='data/howto100m/train.csv', data_prefix='data/howto100m'),
        ],
        pipeline=dict(
            sample=dict(stride=6),
            augment=dict(
                transforms=dict(
                    _delete_=True,
                    crop=dict(
                        type='ClipRandomResizedCrop', size=256, scale=(0.3, 1.0), ratio=(0.75, 1.35)
                    ),
                    flip=dict(type='ClipFlip'),
                    mask=dict(
                        type='GenerateMasks',
                        grid_size=(8, 16, 16),
                        encoder=dict(type='MultiBlockMask', num_blocks=8, scale=0.15, places=159),
                        second=dict(type='MultiBlockMask', num_blocks=2, scale=0.7, places=208),
                    ),
                )
            ),
        ),
    ),
)
