# The encoder of vimpac_tiny.py, with its tokenizer and a linear classifier on CLS.
_base_ = 'vimpac_recognizer_small.py'

model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=96, depth=3, num_heads=4),
        grid_size=(5, 4, 4),
        drop_rate=0.0,
        attn_drop_rate=0.0,
    ),
    cls_head=dict(num_classes=4, topk=(1,)),
    data_preprocessor=dict(
        tokenizer=dict(
            _delete_=True,
            type='VQVAE',
            num_codes=256,
            widths=(16, 32, 64),
            num_blocks=1,
            code_dims=16,
            init_cfg=dict(type='Pretrained', checkpoint='work_dirs/vqvae_tiny_motion/epoch_10.pth'),
        ),
        chunk=1024,
    ),
    test_cfg=dict(max_testing_views=150),
)
