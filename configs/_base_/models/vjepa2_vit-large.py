# The frozen encoder V-JEPA 2 ViT-L with the attentive classifier of its evaluations: three blocks
# of self-attention and a query that attends to all tokens, with 16 heads. The encoder takes any
# number of frames and any resolution. A leaf sets the number of classes and, where the paper does
# it, pools the segments of a video together in tests:
#     model = dict(cls_head=dict(num_classes=_base_.num_classes, num_segments=2, num_crops=3))
model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='VJEPA2ViT',
        arch='large',
        img_size=256,
        patch_size=16,
        num_frames=16,
        tubelet_size=2,
        out_type='tokens',
        frozen=True,
    ),
    cls_head=dict(
        type='AttentiveHead',
        num_classes=400,
        depth=4,
        num_heads=16,
        average_clips='prob',
        topk=(1, 5),
    ),
    data_preprocessor=dict(
        type='ClassificationDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
    ),
    # Views of a video per forward pass; more are faster but take more memory.
    test_cfg=dict(max_testing_views=3),
)
