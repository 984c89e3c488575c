# UCF101, like ucf101_codes.py but from pixels; see kinetics400_fps.py.
_base_ = 'ucf101_codes.py'

train_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.train)))
val_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.val)))
test_dataloader = dict(dataset=dict(pipeline=dict(_base_.from_pixels, crop=_base_.crops.test)))
