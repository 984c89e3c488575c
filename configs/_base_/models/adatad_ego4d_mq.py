# AdaTAD as OpenTAD runs it on Ego4D's moment queries: a step for every 4 frames of a window of
# 7200, and ActionFormer with 10 levels, local attention, positions and dropout. Its lengths are
# multiples of 1024: 1800 steps are padded to 2048, by repeating the last frame.
_base_ = 'adatad.py'

model = dict(
    data_preprocessor=dict(num_frames=8192, frames_per_step=4),
    backbone=dict(peft=dict(layers=tuple(range(12, 24)))),
    lr_factor=4.0,
    detector=dict(
        all_classes=True,
        data_preprocessor=dict(type='FeatureDataPreprocessor', max_seq_len=2048),
        backbone=dict(
            arch=(2, 2, 9),
            windows=(17, 17, 17, 17, 17, 17, 17, -1, -1, -1),
            use_abs_pe=True,
            max_seq_len=2048,
            input_drop_rate=0.2,
            drop_rate=0.1,
        ),
        neck=dict(num_levels=10),
        cls_head=dict(num_classes=110),
        reg_head=dict(num_levels=10),
        regression_ranges=(
            *((0, 4), (2, 8), (4, 16), (8, 32), (16, 64)),
            *((32, 128), (64, 256), (128, 512), (256, 1024), (512, 10000)),
        ),
        test_cfg=dict(pre_nms_topk=5000),
    ),
)
