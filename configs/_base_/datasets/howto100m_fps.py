# HowTo100M, or any folder of videos, like howto100m_codes.py but from pixels: the data
# preprocessor's tokenizer encodes them on the device, so no files of codes are needed. For larger
# frames, change the size of crop. To use another folder:
#   --cfg-options train_dataloader.dataset.sources.0.folder=/path/to/videos
_base_ = 'howto100m_codes.py'

train_dataloader = dict(dataset=dict(pipeline=_base_.from_pixels))
val_dataloader = dict(dataset=dict(pipeline=_base_.from_pixels))
