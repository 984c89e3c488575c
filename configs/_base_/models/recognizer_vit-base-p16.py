# ViT-B with a linear classifier on the mean of its tokens, trained under mixup and cutmix.
# The position table is that of the pre-trained clips, 16 frames of 224 x 224 pixels; for longer and
# larger clips it is extended and interpolated. A leaf for a data set other than Kinetics-400 sets
# its number of classes, which the soft labels follow:
#     model = dict(cls_head=dict(num_classes=_base_.num_classes))
model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='VideoMAEViT',
        arch='base',
        img_size=224,
        patch_size=16,
        num_frames=16,
        tubelet_size=2,
        drop_path_rate=0.1,
        out_type='avg',
        weight_init='trunc_normal',
    ),
    cls_head=dict(
        type='LinearHead',
        num_classes=400,
        dropout_ratio=0.0,
        init_scale=0.001,
        average_clips='prob',
        topk=(1, 5),
    ),
    data_preprocessor=dict(
        type='ClassificationDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        blend=dict(mixup_alpha=0.8, cutmix_alpha=1.0, prob=1.0, switch_prob=0.5),
        label_smoothing=0.1,
    ),
    # Views of a video per forward pass; more are faster but take more memory.
    test_cfg=dict(max_testing_views=5),
)
