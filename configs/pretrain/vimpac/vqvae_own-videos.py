# python tools/train.py configs/pretrain/vimpac/vqvae_own-videos.py \
#     --cfg-options train_dataloader.dataset.sources.0.folder=/path/to/videos
# Videos: every video below the folder; at least 16.
# Cost: 4.7 M parameters and 3.9 G multiply-accumulates per frame of 128x128 pixels and forward
#   pass, 1 GPU; 16 videos of 8 frames are a batch.
# Paper: nothing; VIMPAC uses DALL-E's autoencoder, with the same vocabulary and the same 8 pixels
#   per code. This one is trained here, so that the method runs without a download.
_base_ = [
    '../../_base_/datasets/custom_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    type='TokenizerTrainer',
    tokenizer=dict(type='VQVAE', num_codes=8192, widths=(64, 128, 256), num_blocks=2, code_dims=32),
)

train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        pipeline=dict(
            # Neighbouring frames of a video teach little that is new.
            sample=dict(clip_len=8, stride=8),
            augment=dict(
                num_repeats=1,
                transforms=dict(crop=dict(size=128), mask=None),
            ),
        )
    ),
)
optim_wrapper = dict(
    optimizer=dict(lr=4e-4, betas=(0.9, 0.99), weight_decay=0.0), clip_grad=dict(max_norm=1.0)
)
param_scheduler = dict(warmup=1, eta_min_ratio=0.05)
train_cfg = dict(max_epochs=50)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(checkpoint=dict(interval=5, max_keep_ckpts=1))
