# VIMPAC's small model (Table 3): 6 layers of width 512 for clips of 5 frames of 128 pixels, with
# both heads.
#     model = dict(alpha=0)                     # masked prediction alone
#     model = dict(head=None)                   # contrast alone
#     model = dict(backbone=dict(layout='T,H,W', grid_size=(10, 32, 32)))
# Training on files of codes does not need the tokenizer (data_preprocessor=dict(tokenizer=None)),
# but with it the fingerprint of the codes is checked, and the checkpoint can classify videos.
model = dict(
    type='VIMPAC',
    backbone=dict(
        type='FactorizedVideoTransformer',
        arch='small',
        layout='T,H|W',
        grid_size=(5, 16, 16),
        drop_rate=0.1,
        attn_drop_rate=0.1,
    ),
    head=dict(type='MaskedCodeHead'),
    contrast=dict(
        type='ContrastiveHead', hidden_dims=2048, num_layers=2, out_dims=256, temperature=0.2
    ),
    alpha=1.0,
    contrast_input='masked',
    data_preprocessor=dict(
        type='CodeDataPreprocessor',
        tokenizer=dict(
            type='DalleTokenizer',
            has_decoder=False,  # only pictures need it
            init_cfg=dict(
                type='Pretrained', checkpoint='https://cdn.openai.com/dall-e/encoder.pkl'
            ),
        ),
        chunk=32,  # frames tokenized at a time
    ),
)
