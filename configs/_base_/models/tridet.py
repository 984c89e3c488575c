# TriDet as published for THUMOS14: ActionFormer with SGP layers in the place of transformer blocks
# and with regression from three branches. A leaf sets backbone.in_channels, the width of its
# features.
model = dict(
    type='ActionFormer',
    data_preprocessor=dict(type='FeatureDataPreprocessor', max_seq_len=2304),
    backbone=dict(
        type='TriDetBackbone',
        in_channels=2048,
        embed_dims=512,
        arch=(2, 2, 5),
        windows=(1, 1, 1, 1, 1),
        ratio=5.0,
        hidden_channels=768,
        conv_std=0.0,
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
    reg_head=dict(
        type='TridentRegHead',
        num_classes=20,
        in_channels=512,
        hidden_channels=512,
        num_levels=6,
        num_bins=16,
    ),
    loss=dict(
        type='TridentLoss', reg_weight=1.0, init_normaliser=100.0, momentum=0.9, iou_power=0.2
    ),
    regression_ranges=((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 10000)),
    center_radius=1.5,
    test_cfg=dict(
        pre_nms_thresh=0.001,
        pre_nms_topk=2000,
        duration_thresh=0.05,
        method='gaussian',
        sigma=0.5,
        min_score=0.001,
        max_segments=2000,
        voting_thresh=0.7,
    ),
)
