# AdaTAD as OpenTAD runs it on THUMOS14: a VideoMAE of which only temporal adapters learn, on clips
# of 16 frames of a window of 768, and ActionFormer with global attention on one step for each
# frame. A leaf sets backbone.arch. Norms and padding of ActionFormer, and the times of steps, are
# OpenTAD's, so that its released files give their results.
# Windows in tests keep all candidates, since evaluation merges the windows of a video.
model = dict(
    type='EndToEndLocalizer',
    data_preprocessor=dict(type='WindowDataPreprocessor', num_frames=768, step_at_start=True),
    backbone=dict(
        type='VideoMAEViT',
        arch='base',
        out_type='avg',
        drop_path_rate=0.1,
        peft=dict(type='TIA', ratio=0.25, kernel=3),
    ),
    clip_len=16,
    clips_per_pass=8,
    lr_factor=1.0,
    detector=dict(
        type='ActionFormer',
        backbone=dict(
            type='ActionFormerBackbone',
            embed_dims=512,
            num_heads=4,
            arch=(2, 2, 5),
            windows=-1,
            max_seq_len=768,
            drop_path_rate=0.1,
            norm_eps=1e-6,
            clear_padding=True,
        ),
        neck=dict(type='IdentityFPN', in_channels=512, num_levels=6, norm_eps=1e-6),
        cls_head=dict(
            type='ActionFormerClsHead',
            num_classes=20,
            in_channels=512,
            hidden_channels=512,
            prior=0.01,
            norm_eps=1e-6,
            clear_padding=True,
        ),
        reg_head=dict(
            type='ActionFormerRegHead',
            in_channels=512,
            hidden_channels=512,
            num_levels=6,
            norm_eps=1e-6,
            clear_padding=True,
        ),
        loss=dict(type='SegmentLoss', reg_weight=1.0, init_normaliser=100.0, momentum=0.9),
        regression_ranges=((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 10000)),
        center_radius=1.5,
        test_cfg=dict(
            pre_nms_thresh=0.001,
            pre_nms_topk=2000,
            duration_thresh=0.0,
            method='none',
            max_segments=2000,
        ),
    ),
)
