# python tools/data/synthesize.py actions data/motion --difficulty crowd --classes 4 --size 40 \
#     --frames 20 --clips 416 --splits 0.0385 0 0.9615 --unlabelled 1248
# python tools/train.py configs/demo/vqvae_tiny_motion.py
# Cost: 790 updates of 16 videos x 4 frames of 32x32 pixels, 0.2 s of processor time each; they took
#   17 minutes on two CPU cores that were busy with other work.
# Paper: nothing; it gives VIMPAC its codes, 8 pixels per code, without a download.
_base_ = [
    '../_base_/datasets/motion_pretrain.py',
    '../_base_/schedules/adamw_pretrain.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='TokenizerTrainer',
    tokenizer=dict(type='VQVAE', num_codes=256, widths=(16, 32, 64), num_blocks=1, code_dims=16),
)

train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            sample=dict(clip_len=4, stride=4),
            augment=dict(num_repeats=1, transforms=dict(mask=None)),
        ),
    )
)
optim_wrapper = dict(
    optimizer=dict(lr=2e-3, betas=(0.9, 0.99), weight_decay=0.0), clip_grad=dict(max_norm=1.0)
)
param_scheduler = dict(warmup=1, eta_min_ratio=0.05)
train_cfg = dict(max_epochs=10)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
)
