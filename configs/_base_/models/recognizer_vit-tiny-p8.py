# The encoder of videomae_vit-tiny-p8.py with a linear classifier on the mean of its tokens.
model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='VideoMAEViT',
        arch=dict(embed_dims=96, depth=4, num_heads=3),
        img_size=32,
        patch_size=8,
        num_frames=8,
        out_type='avg',
        weight_init='trunc_normal',
    ),
    cls_head=dict(type='LinearHead', num_classes=4, topk=(1,), average_clips='prob'),
    data_preprocessor=dict(type='ClassificationDataPreprocessor'),
    test_cfg=dict(max_testing_views=150),
)
