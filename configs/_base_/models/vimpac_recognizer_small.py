# VIMPAC's small encoder with a linear classifier on CLS, initialized to zero, for clips of 10
# frames of 256 pixels. Positions of pre-trained clips are interpolated when weights are loaded.
# A leaf sets its number of classes:
#     model = dict(cls_head=dict(num_classes=_base_.num_classes))
model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='FactorizedVideoTransformer',
        arch='small',
        layout='T,H|W',
        grid_size=(10, 32, 32),
        drop_rate=0.1,
        attn_drop_rate=0.1,
        out_type='cls',
    ),
    cls_head=dict(
        type='LinearHead',
        num_classes=400,
        dropout_ratio=0.0,
        init_scale=0.0,
        average_clips='prob',
        topk=(1, 5),
    ),
    data_preprocessor=dict(
        type='CodeClassificationPreprocessor',
        tokenizer=dict(
            type='DalleTokenizer',
            has_decoder=False,
            init_cfg=dict(
                type='Pretrained', checkpoint='https://cdn.openai.com/dall-e/encoder.pkl'
            ),
        ),
        chunk=32,
    ),
    # Views of a video per forward pass; more are faster but take more memory.
    test_cfg=dict(max_testing_views=10),
)
