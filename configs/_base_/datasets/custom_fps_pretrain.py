# Any folder of videos, searched recursively, like custom_codes_pretrain.py but from pixels: no
# codes are extracted first. To use another folder:
#   --cfg-options train_dataloader.dataset.sources.0.folder=/path/to/videos
_base_ = 'custom_codes_pretrain.py'

train_dataloader = dict(dataset=dict(pipeline=_base_.from_pixels))
