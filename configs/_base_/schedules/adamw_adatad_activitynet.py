# AdaTAD on ActivityNet-1.3: 15 epochs with batches of 16 videos.
_base_ = 'adamw_adatad.py'

optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(end=15, eta_min_ratio=1e-8 / 1e-3)
train_cfg = dict(max_epochs=15, val_begin=9, val_interval=1)
auto_scale_lr = dict(base_batch_size=16)
