# Any folder of videos, searched recursively, like howto100m_codes.py but without validation. Make
# the codes with
#   python tools/misc/extract_tokens.py CONFIG data/custom/videos data/custom/codes_fps2_128
_base_ = 'howto100m_codes.py'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(folder='data/custom/videos')],
        pipeline=dict(open=dict(folder='data/custom/codes_fps{fps}_{size}')),
    )
)
val_dataloader = None
val_cfg = None
val_evaluator = None
