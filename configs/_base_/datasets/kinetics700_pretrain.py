# Kinetics-700 without labels, like kinetics400_pretrain.py: data/kinetics700/train.csv and videos/.
_base_ = 'kinetics400_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(ann_file='data/kinetics700/train.csv', data_prefix='data/kinetics700/videos')
        ],
    )
)
