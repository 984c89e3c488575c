# ActionFormer as published for THUMOS14 (its configs/thumos_i3d.yaml). A leaf sets
# backbone.in_channels, the width of its features, and cls_head.num_classes.
# Lengths are multiples of 576: 32, the stride of the last level, times 18 steps of a window of 19.
model = dict(
    type='ActionFormer',
    data_preprocessor=dict(type='FeatureDataPreprocessor', max_seq_len=2304),
    backbone=dict(
        type='ActionFormerBackbone',
        in_channels=2048,
        embed_dims=512,
        num_heads=4,
        arch=(2, 2, 5),
        windows=19,
        max_seq_len=2304,
        drop_path_rate=0.1,
    ),
    neck=dict(type='IdentityFPN', in_channels=512, num_levels=6),
    cls_head=dict(
        type='ActionFormerClsHead',
        num_classes=20,
        in_channels=512,
        hidden_channels=512,
        prior=0.01,
    ),
    reg_head=dict(type='ActionFormerRegHead', in_channels=512, hidden_channels=512, num_levels=6),
    loss=dict(type='SegmentLoss', reg_weight=1.0, init_normaliser=100.0, momentum=0.9),
    regression_ranges=((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 10000)),
    center_radius=1.5,
    test_cfg=dict(
        pre_nms_thresh=0.001,
        pre_nms_topk=2000,
        duration_thresh=0.05,
        method='gaussian',
        sigma=0.5,
        min_score=0.001,
        max_segments=200,
    ),
)
