# VIMPAC's fine-tuning (Table 4): AdamW, linear warm-up from 0 over 10 % of the updates, then linear
# decay to 0, gradients clipped at 1, batches of 128 videos, one rate for all layers.
# The values below are those of small and base models; large-half has 5e-5. The 50 epochs are for
# UCF101, HMDB51 and Diving48; Something-Something has 22, Kinetics-400 30, and training from random
# weights takes 4 or 1.5 times as many.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='GroupedOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=1e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01, fused=True
    ),
    clip_grad=dict(max_norm=1.0),
)

param_scheduler = dict(
    type='WarmupLinearLR', warmup_share=0.1, by_epoch=True, convert_to_iter_based=True
)

train_cfg = dict(type='EpochTrainLoop', max_epochs=50, val_begin=1, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

auto_scale_lr = dict(base_batch_size=128, enable=False)
