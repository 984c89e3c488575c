# ActionFormer on whole videos of 192 steps, without classes: these come from a classifier of whole
# videos (FineAction and ActivityNet-1.3). A leaf sets backbone.in_channels. Scores for testing:
#     --cfg-options model.external_scores.path=data/<data set>/class_scores.json
# a JSON file {video: [score of class 0, ...]}; segments get the two best classes of their video.
model = dict(
    type='ActionFormer',
    data_preprocessor=dict(type='FeatureDataPreprocessor', max_seq_len=192),
    backbone=dict(
        type='ActionFormerBackbone',
        in_channels=1408,
        embed_dims=256,
        num_heads=4,
        arch=(2, 2, 5),
        windows=(7, 7, 7, 7, 7, -1),
        max_seq_len=192,
        use_abs_pe=True,
        drop_path_rate=0.1,
    ),
    neck=dict(type='IdentityFPN', in_channels=256, num_levels=6),
    cls_head=dict(
        type='ActionFormerClsHead',
        num_classes=1,
        in_channels=256,
        hidden_channels=256,
        prior=0.01,
    ),
    reg_head=dict(type='ActionFormerRegHead', in_channels=256, hidden_channels=256, num_levels=6),
    loss=dict(
        type='SegmentLoss',
        reg_weight=2.0,
        label_smoothing=0.1,
        init_normaliser=200.0,
        momentum=0.9,
    ),
    regression_ranges=((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 10000)),
    center_radius=1.5,
    test_cfg=dict(
        pre_nms_thresh=0.001,
        pre_nms_topk=2000,
        duration_thresh=0.001,
        method='gaussian',
        sigma=0.75,
        min_score=0.001,
        max_segments=100,
        class_agnostic=True,
        voting_thresh=0.9,
    ),
)
