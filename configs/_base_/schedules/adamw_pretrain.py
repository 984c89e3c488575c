# Masked pre-training: AdamW, linear warm-up from 0, cosine per iteration, mixed precision.
# A leaf overrides single keys, since everything is a dict:
#     train_cfg = dict(max_epochs=1600)
#     optim_wrapper = dict(optimizer=dict(lr=6e-4))       # already scaled to base_batch_size
#     param_scheduler = dict(warmup=20, eta_min_ratio=0.01)
#     auto_scale_lr = dict(base_batch_size=1024)
# The values below are those of ViT-B on Kinetics-400: 1.5e-4 x 2048 / 256.
optim_wrapper = dict(
    # Without `dtype`: float16 on a GPU as published, float32 on a CPU.
    # Full precision: type='OptimWrapper'.
    type='AmpOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    # For ViT-B on a CPU, the fused step takes a fifth of the time of the default one.
    optimizer=dict(
        type='AdamW', lr=1.2e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.05, fused=True
    ),
)

# One entry, not a list, so that leaves can override its keys. `warmup` is in epochs; the end is
# train_cfg.max_epochs. The minimum is min_lr / lr of the paper's code (both scale with the batch).
param_scheduler = dict(
    type='WarmupCosineLR',
    warmup=40,
    eta_min_ratio=1e-5 / 1.5e-4,
    by_epoch=True,
    convert_to_iter_based=True,
)

train_cfg = dict(type='EpochTrainLoop', max_epochs=800)

# The total batch for which optim_wrapper.optimizer.lr is meant; see --auto-scale-lr.
auto_scale_lr = dict(base_batch_size=2048, enable=False)
