# Kinetics-710 without labels, sparse clips of 8 frames that are flipped (UMT):
#   data/kinetics710/train.csv   lines 'path label', paths relative to data
_base_ = 'kinetics400_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file='data/kinetics710/train.csv', data_prefix='data')],
        pipeline=dict(
            sample=dict(_delete_=True, type='SampleSegments', clip_len=8),
            augment=dict(transforms=dict(mask=None, flip=dict(type='ClipFlip'))),
        ),
    )
)
