# mmaction2's detection schedule: batches of 64 clips, 20 epochs, gradients clipped at 40; the rate
# warms up from a tenth for 5 epochs and then follows a cosine to 0.
_base_ = 'adamw_detection.py'

optim_wrapper = dict(clip_grad=dict(max_norm=40))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=15,
        eta_min=0,
        by_epoch=True,
        begin=5,
        end=20,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(max_epochs=20, val_interval=1)
auto_scale_lr = dict(base_batch_size=64)
