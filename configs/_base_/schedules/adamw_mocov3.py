# MoCo v3's schedule: AdamW, linear warm-up from 0, and a cosine to 0 per iteration.
_base_ = 'adamw_pretrain.py'

optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.999), weight_decay=0.1))
param_scheduler = dict(eta_min_ratio=0.0)
train_cfg = dict(max_epochs=300)
