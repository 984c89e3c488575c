# Fine-tuning: AdamW with layer-wise learning-rate decay, warm-up of 5 epochs, cosine to 1e-6.
# A leaf overrides single keys, as in adamw_pretrain.py, for example
#     train_cfg = dict(max_epochs=75, val_interval=5)
#     optim_wrapper = dict(optimizer=dict(lr=7.5e-4), paramwise_cfg=dict(layer_decay_rate=0.7))
# The values below are those of ViT-B on Kinetics-400 after 800 epochs of pre-training:
# 1e-3 x 512 / 256.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05, fused=True
    ),
    paramwise_cfg=dict(layer_decay_rate=0.75),
)

param_scheduler = dict(
    type='WarmupCosineLR',
    warmup=5,
    eta_min_ratio=1e-6 / 1e-3,
    by_epoch=True,
    convert_to_iter_based=True,
)

train_cfg = dict(type='EpochTrainLoop', max_epochs=100, val_begin=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

auto_scale_lr = dict(base_batch_size=512, enable=False)
