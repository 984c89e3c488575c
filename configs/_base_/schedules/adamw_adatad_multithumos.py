# AdaTAD on MultiTHUMOS: 80 epochs of the cosine of 100.
_base_ = 'adamw_adatad.py'

train_cfg = dict(max_epochs=80, val_begin=50)
