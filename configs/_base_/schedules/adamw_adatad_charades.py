# AdaTAD on Charades: 20 epochs with batches of 16 windows.
_base_ = 'adamw_adatad.py'

param_scheduler = dict(end=20)
train_cfg = dict(max_epochs=20, val_begin=8, val_interval=1)
auto_scale_lr = dict(base_batch_size=16)
