# Two views of every clip of UCF101, the training list of split 1. For split 2:
#   --cfg-options train_dataloader.dataset.sources.0.ann_file=data/ucf101/split2/train.csv
_base_ = 'kinetics400_views.py'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file='data/ucf101/split1/train.csv', data_prefix='data/ucf101/videos')],
    )
)
