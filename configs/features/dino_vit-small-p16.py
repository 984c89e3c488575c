# python tools/misc/extract_features.py configs/features/dino_vit-small-p16.py own VIDEOS OUT
# Encoder: DINO ViT-S of timm on single frames; a feature is the mean of the frames of a window.
# Weights: vit_small_patch16_224.dino, which timm downloads; Apache-2.0 licence (that of DINO).
_base_ = '../_base_/default_runtime.py'

model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='TimmFrameBackbone',
        name='vit_small_patch16_224.dino',
        pretrained=True,
        out_type='avg',
        frozen=True,
    ),
    data_preprocessor=dict(type='ClassificationDataPreprocessor'),
)
features = dict(window=8, interval=2, stride=4)
