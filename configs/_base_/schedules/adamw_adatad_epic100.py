# AdaTAD on EPIC-Kitchens-100: 35 epochs of a cosine of 250.
_base_ = 'adamw_adatad.py'

param_scheduler = dict(end=250)
train_cfg = dict(max_epochs=35, val_begin=20)
