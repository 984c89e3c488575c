# Linear probing (VideoMAE, Table 11): SGD without weight decay, warm-up of 10 epochs, cosine to 0.
# The head has several classifiers, each of which learns at its own multiple of this rate:
# 0.1 x 1024 / 256.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=0.0),
)

param_scheduler = dict(
    type='WarmupCosineLR',
    warmup=10,
    eta_min_ratio=0.0,
    by_epoch=True,
    convert_to_iter_based=True,
)

train_cfg = dict(type='EpochTrainLoop', max_epochs=100, val_begin=1, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

auto_scale_lr = dict(base_batch_size=1024, enable=False)
