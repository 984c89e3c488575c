# VIMPAC's pre-training (Table 4): AdamW, linear warm-up from 0 over 10 % of the updates, then
# linear decay to 0, gradients clipped at 1. The rate is meant for updates of 1024 videos: reach
# them with optim_wrapper.accumulative_counts, and let epochs end with an update with
#     train_dataloader = dict(sampler=dict(round_to='update'))
# The values below are those of the small models, 10 epochs; large ones have 3e-4 and 5 % warm-up.
optim_wrapper = dict(
    # Without `dtype`: float16 on a GPU as published, float32 on a CPU.
    type='AmpOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=1e-3, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.05, fused=True
    ),
    clip_grad=dict(max_norm=1.0),
    # As in the released code, the heads' norms decay; other norms and all biases do not.
    paramwise_cfg=dict(decay_names=['head.transform.2.weight', 'contrast.mlp.bn_*.weight']),
)

param_scheduler = dict(
    type='WarmupLinearLR', warmup_share=0.1, by_epoch=True, convert_to_iter_based=True
)

train_cfg = dict(type='EpochTrainLoop', max_epochs=10)

auto_scale_lr = dict(base_batch_size=1024, enable=False)
