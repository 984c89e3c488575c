# python tools/misc/extract_features.py configs/features/vjepa2-hf_vit-large-p16.py own VIDEOS OUT
# Encoder: V-JEPA 2 ViT-L of transformers, 256 pixels. configs/recognition/vjepa2/ has the same
#   network of this project, which also takes other sizes and the official files.
# Weights: facebook/vjepa2-vitl-fpc64-256 on the Hugging Face hub, MIT licence. For another encoder
#   or a local folder: --cfg-options model.backbone.source=FOLDER
_base_ = '../_base_/default_runtime.py'

model = dict(
    type='Recognizer3D',
    backbone=dict(type='HFVideoBackbone', source='facebook/vjepa2-vitl-fpc64-256', frozen=True),
    data_preprocessor=dict(type='ClassificationDataPreprocessor'),
)
# Clips as in V-JEPA 2's evaluations.
features = dict(window=16, interval=4, stride=16)
