# AdaTAD as OpenTAD runs it on Charades: windows of 512 frames, and ActionFormer with 8 levels,
# positions and dropout of features.
_base_ = 'adatad.py'

model = dict(
    data_preprocessor=dict(num_frames=512),
    detector=dict(
        backbone=dict(arch=(2, 2, 7), use_abs_pe=True, max_seq_len=512, input_drop_rate=0.3),
        neck=dict(num_levels=8),
        cls_head=dict(num_classes=157),
        reg_head=dict(num_levels=8),
        regression_ranges=(
            *((0, 4), (4, 8), (8, 16), (16, 32)),
            *((32, 64), (64, 128), (128, 256), (256, 10000)),
        ),
    ),
)
