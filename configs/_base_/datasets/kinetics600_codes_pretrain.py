# Kinetics-600 without labels, as howto100m_codes.py (appendix C.2); the list by
# tools/data/kinetics/prepare.py, data/kinetics600/train.csv, and codes of data/kinetics600/videos
# in data/kinetics600/codes_fps2_128.
_base_ = 'howto100m_codes.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(ann_file='data/kinetics600/train.csv', data_prefix='data/kinetics600/videos')
        ],
        pipeline=dict(open=dict(folder='data/kinetics600/codes_fps{fps}_{size}')),
    )
)
