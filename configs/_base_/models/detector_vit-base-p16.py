# ViT-B as an action detector on AVA: tokens averaged over time, RoIAlign on person boxes, the
# maximum over each box, and one linear layer for 80 classes that are not mutually exclusive.
# It trains on true boxes whose edges are shifted at random, and tests on boxes enlarged by 10 % and
# 5 %, where each score is multiplied by that of its box. Frames may have any size: the positions of
# 224 x 224 pixels are interpolated. For another number of classes:
#     model = dict(roi_head=dict(bbox_head=dict(num_classes=4)))
model = dict(
    type='mmdet.FastRCNN',
    backbone=dict(
        type='VideoMAEViT',
        arch='base',
        img_size=224,
        patch_size=16,
        num_frames=16,
        tubelet_size=2,
        drop_path_rate=0.2,
        out_type='featmap',
        weight_init='trunc_normal',
    ),
    roi_head=dict(
        type='ActionRoIHead',
        bbox_roi_extractor=dict(type='ActionRoIAlign', output_size=7, stride=16),
        bbox_head=dict(type='ActionBoxHead', num_classes=80, in_channels=768, init_scale=0.001),
    ),
    data_preprocessor=dict(
        type='ActionBoxDataPreprocessor',
        # The detector's, not ImageNet's, with which the encoder was pre-trained.
        mean=[122.7717, 115.9465, 102.9801],
        std=[57.375, 57.375, 57.375],
        pad_divisor=16,
    ),
    train_cfg=dict(rcnn=dict(max_boxes=100, jitter=(0.2, 0.1, 0.1, 0.05))),
    test_cfg=dict(rcnn=dict(extend=(0.1, 0.05), multiply_box_score=True)),
)
