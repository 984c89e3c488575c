# VIMPAC for two CPU cores: clips of 5 frames of 32 pixels, encoded by the tokenizer of
# configs/demo/vqvae_tiny_motion.py.
_base_ = 'vimpac_small.py'

model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=96, depth=3, num_heads=4),
        grid_size=(5, 4, 4),
        drop_rate=0.0,
        attn_drop_rate=0.0,
    ),
    contrast=dict(hidden_dims=192, out_dims=64),
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
)
