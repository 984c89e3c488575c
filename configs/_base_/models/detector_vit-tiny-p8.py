# The encoder of videomae_vit-tiny-p8.py as an action detector, for boxes of about 16 to 40 pixels:
# RoIAlign samples 3 x 3 points from patches of 8 pixels.
_base_ = 'detector_vit-base-p16.py'

model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=96, depth=4, num_heads=3),
        img_size=32,
        patch_size=8,
        num_frames=8,
        drop_path_rate=0.0,
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(output_size=3, stride=8),
        bbox_head=dict(num_classes=4, in_channels=96, init_scale=1.0),
    ),
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], pad_divisor=8
    ),
)
