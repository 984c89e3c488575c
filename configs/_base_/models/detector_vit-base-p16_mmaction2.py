# mmaction2's detector, whose released weights fit: 81 rows, the first of which is the background
# and ignored; aligned RoIAlign to 8 x 8, dropout before pooling, and the mean over boxes and
# classes as the loss. It trains on true boxes and on the proposals that overlap one by 0.9, at most
# 32, and tests on unchanged proposals.
_base_ = 'detector_vit-base-p16.py'

model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(output_size=8, aligned=True),
        bbox_head=dict(background=True, dropout_ratio=0.5, init='xavier', loss_reduction='mean'),
    ),
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    train_cfg=dict(rcnn=dict(max_boxes=32, jitter=None, min_iou=0.9)),
    test_cfg=dict(rcnn=dict(extend=None, multiply_box_score=False)),
)
