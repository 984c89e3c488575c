# Any folder of videos, searched recursively; no list is needed. To use another folder:
#   VIDEO_DIR=/path/to/videos python tools/train.py ...
# 75 % of the tokens are masked, as on the paper's small data sets.
_base_ = 'kinetics400_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(folder='{{$VIDEO_DIR:data/custom/videos}}')],
        pipeline=dict(augment=dict(transforms=dict(mask=dict(encoder=dict(ratio=0.75))))),
    )
)
