# Kinetics-400 as kinetics400_codes.py, but from pixels: the tokenizer of the data preprocessor
# makes their codes on the device, and no files of codes are needed. Other clips, for all loaders:
# clip_len and fps of sample, size of crop.
_base_ = 'kinetics400_codes.py'

train_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.train)))
val_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.val)))
test_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.test)))
