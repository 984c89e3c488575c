# Something-Something V2 videos (12 frames per second as published, hence stride 2):
#   data/sthv2/train.csv   lines 'path label'
#   data/sthv2/videos/
_base_ = 'kinetics400_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file='data/sthv2/train.csv', data_prefix='data/sthv2/videos')],
        pipeline=dict(sample=dict(stride=2)),
    )
)
