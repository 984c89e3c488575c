# AdaTAD on Ego4D's moment queries: 20 epochs of a cosine of 25.
_base_ = 'adamw_adatad.py'

param_scheduler = dict(end=25)
train_cfg = dict(max_epochs=20, val_begin=13, val_interval=1)
