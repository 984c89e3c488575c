# HowTo100M, or any folder of videos, as howto100m_codes.py, but from pixels: the tokenizer of the
# data preprocessor makes their codes on the device, and no files of codes are needed. Larger
# frames: size of crop. Another folder by
#   --cfg-options train_dataloader.dataset.sources.0.folder=/path/to/videos
_base_ = 'howto100m_codes.py'

train_dataloader = dict(dataset=dict(pipeline=_base_.from_pixels))
val_dataloader = dict(dataset=dict(pipeline=_base_.from_pixels))
