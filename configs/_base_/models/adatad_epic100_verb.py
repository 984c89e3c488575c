# AdaTAD as OpenTAD runs it on EPIC-Kitchens-100: windows of 6144 frames with a step for every 8,
# and ActionFormer with local attention and ranges of lengths that overlap.
_base_ = 'adatad.py'

model = dict(
    data_preprocessor=dict(num_frames=6144, frames_per_step=8),
    lr_factor=0.8,
    detector=dict(
        backbone=dict(windows=9, input_drop_rate=0.2),
        cls_head=dict(num_classes=97),
        loss=dict(reg_weight=0.5, init_normaliser=250.0),
        regression_ranges=((0, 4), (2, 8), (4, 16), (8, 32), (16, 64), (32, 10000)),
        test_cfg=dict(pre_nms_topk=5000),
    ),
)
