# python tools/misc/extract_features.py configs/features/clip_vit-base-p16.py own VIDEOS OUT
# Encoder: the image encoder of CLIP ViT-B, of timm, on single frames; a feature is the mean of the
#   frames of a window.
# Weights: vit_base_patch16_clip_quickgelu_224.openai, which timm downloads; MIT licence (of CLIP).
_base_ = 'dino_vit-small-p16.py'

model = dict(backbone=dict(name='vit_base_patch16_clip_quickgelu_224.openai'))
