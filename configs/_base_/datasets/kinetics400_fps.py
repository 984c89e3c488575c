# Kinetics-400, like kinetics400_codes.py but from pixels: the data preprocessor's tokenizer encodes
# them on the device, so no files of codes are needed. For other clips, change clip_len and fps of
# sample and size of crop in all loaders.
_base_ = 'kinetics400_codes.py'

train_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.train)))
val_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.val)))
test_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.test)))
