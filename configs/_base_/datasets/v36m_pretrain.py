# V-3.6M of SALT: Kinetics-710, Something-Something V2 and Panda-70M, of which it took a part that
# is not published: use your own list. Each clip has two masks of V-JEPA.
#   data/kinetics710/train.csv, data/sthv2/train.csv and data/panda70m/train.csv, lines 'path label'
_base_ = 'kinetics400_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(ann_file='data/kinetics710/train.csv', data_prefix='data'),
            dict(ann_file='data/sthv2/train.csv', data_prefix='data/sthv2/videos'),
            dict(ann_file='data/panda70m/train.csv', data_prefix='data/panda70m/videos'),
        ],
        pipeline=dict(
            augment=dict(
                transforms=dict(
                    mask=dict(
                        encoder=dict(
                            _delete_=True,
                            type='MultiBlockMask',
                            num_blocks=8,
                            scale=0.15,
                            places=123,
                        ),
                        second=dict(type='MultiBlockMask', num_blocks=2, scale=0.7, places=159),
                    )
                )
            )
        ),
    )
)
