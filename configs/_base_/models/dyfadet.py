# DyFADet as published for THUMOS14: TriDet's encoder with a ReLU in its layers, and heads that mix
# neighbouring levels of the pyramid. A leaf sets backbone.in_channels, the width of its features.
# The published figures come from code whose taps are squared in the layers that mix levels, and
# which does not use the initial gates of its configs. So it is here.
_base_ = 'tridet.py'

model = dict(
    backbone=dict(type='DyFADetBackbone', input_noise=1e-5),
    cls_head=dict(type='DyFADetClsHead', tau=1.5),
    reg_head=dict(
        _delete_=True,
        type='DyFADetRegHead',
        in_channels=512,
        hidden_channels=512,
        num_levels=6,
        tau=1.5,
    ),
    loss=dict(
        _delete_=True, type='SegmentLoss', reg_weight=1.0, init_normaliser=100.0, momentum=0.9
    ),
)
