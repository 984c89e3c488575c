# Something-Something V2 videos (12 frames per second as published, hence stride 2):
#   data/sthv2/train.csv   lines 'path label'
#   data/sthv2/videos/
_base_ = 'kinetics400_pretrain.py'

train_pipeline = _base_.train_pipeline
train_pipeline[1].stride = 2

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/train.csv',
                data_prefix='data/sthv2/videos',
            )
        ],
        pipeline=train_pipeline,
    ),
)
