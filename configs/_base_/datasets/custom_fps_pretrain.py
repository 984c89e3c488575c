# Any folder of videos, searched recursively, as custom_codes_pretrain.py, but from pixels: no codes
# are extracted before. Another folder by
#   --cfg-options train_dataloader.dataset.sources.0.folder=/path/to/videos
_base_ = 'custom_codes_pretrain.py'

train_dataloader = dict(dataset=dict(pipeline=_base_.from_pixels))
