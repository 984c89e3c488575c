# Kinetics-600 without labels, with the pipelines of howto100m_codes.py (appendix C.2).
# tools/data/kinetics/prepare.py writes the list, data/kinetics600/train.csv; codes of
# data/kinetics600/videos are in data/kinetics600/codes_fps2_128.
_base_ = 'howto100m_codes.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(ann_file='data/kinetics600/train.csv', data_prefix='data/kinetics600/videos')
        ],
        pipeline=dict(open=dict(folder='data/kinetics600/codes_fps{fps}_{size}')),
    )
)
