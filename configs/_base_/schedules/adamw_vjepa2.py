# V-JEPA 2's schedule: AdamW, linear warm-up, then a constant rate.
_base_ = 'adamw_pretrain.py'

optim_wrapper = dict(optimizer=dict(lr=5.25e-4, betas=(0.9, 0.999), weight_decay=0.04))
param_scheduler = dict(warmup=19, eta_min_ratio=1.0)
train_cfg = dict(max_epochs=380)
auto_scale_lr = dict(base_batch_size=3072)
