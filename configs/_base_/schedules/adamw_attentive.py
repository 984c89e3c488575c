# V-JEPA 2's attentive probe: AdamW, cosine to 0 without warm-up, 20 epochs, batches of 256 videos.
# The paper trains 20 classifiers at once, with rates of 1e-4 to 5e-3 and weight decays of 0.01 to
# 0.8, and reports the best on the validation set; which one that was is not published.
# tools/probe.py trains several rates in one pass. The values below are chosen here.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1, fused=True
    ),
)

param_scheduler = dict(
    type='WarmupCosineLR', warmup=0, eta_min_ratio=0.0, by_epoch=True, convert_to_iter_based=True
)

train_cfg = dict(type='EpochTrainLoop', max_epochs=20, val_begin=1, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

auto_scale_lr = dict(base_batch_size=256, enable=False)
