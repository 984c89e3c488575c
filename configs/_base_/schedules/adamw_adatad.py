# AdaTAD on THUMOS14: AdamW in mixed precision, 5 epochs of warm-up from 0, a cosine that would
# end after 100 epochs, of which 60 are run. Adapters decay as a whole, with biases and scales, the
# detector like ActionFormer. Validation and test use the average of the weights (0.999).
optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05),
    paramwise_cfg=dict(decay_names=('backbone.*',)),
    clip_grad=dict(max_norm=1.0),
)

param_scheduler = dict(
    type='WarmupCosineLR',
    warmup=5,
    end=100,
    eta_min_ratio=1e-8 / 1e-4,
    by_epoch=True,
    convert_to_iter_based=True,
)

train_cfg = dict(type='EpochTrainLoop', max_epochs=60, val_begin=40, val_interval=2)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=1e-3)]

auto_scale_lr = dict(base_batch_size=2, enable=False)
