# The cool-down of V-JEPA 2: the rate falls along a line.
_base_ = 'adamw_vjepa2.py'

param_scheduler = dict(
    _delete_=True,
    type='LinearLR',
    start_factor=1.0,
    end_factor=1e-6 / 5.25e-4,
    by_epoch=True,
    convert_to_iter_based=True,
    end=19,
)
train_cfg = dict(max_epochs=19)
