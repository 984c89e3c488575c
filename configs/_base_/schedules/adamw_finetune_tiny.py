# Fine-tuning of the tiny networks of configs/demo: 10 epochs, clipped gradients, one rate for all
# layers.
_base_ = 'adamw_finetune.py'

optim_wrapper = dict(
    optimizer=dict(lr=2e-3),
    clip_grad=dict(max_norm=5.0),
    paramwise_cfg=dict(layer_decay_rate=None),
)
param_scheduler = dict(warmup=1, eta_min_ratio=0.01)
train_cfg = dict(max_epochs=10, val_begin=10)
auto_scale_lr = dict(base_batch_size=32)
