# As with ViT-B, but with CLIP ViT-L/14 as teacher, which sees frames of 196 pixels, so that it has
# the 14 x 14 tokens of its student.
_base_ = 'umt_vit-base-p16_taught-by-clip.py'

model = dict(
    backbone=dict(arch='large'),
    targets=dict(
        clip=dict(
            teacher=dict(name='vit_large_patch14_clip_quickgelu_224.openai', img_size=196),
            size=196,
        )
    ),
    branches=dict(clip=dict(neck=dict(embed_dims=1024), head=dict(in_dims=1024, layer_dims=768))),
)
