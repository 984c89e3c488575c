# python tools/train.py configs/pretrain/vimpac/vimpac_small-p8_1xb64-5x2fps-100e_custom.py
# Cost: 32.50 G multiply-accumulates per clip and pass through the encoder, 31.3 M parameters
#   without the tokenizer, 1 GPU.
# Paper: nothing.
# Recipe: chosen here; the rate of the analyses for a quarter of their batch. The files of codes
#   come from vqvae_own-videos.py (docs/vimpac.md).
_base_ = [
    '../../_base_/models/vimpac_small.py',
    '../../_base_/datasets/custom_codes_pretrain.py',
    '../../_base_/schedules/adamw_vimpac.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    data_preprocessor=dict(
        tokenizer=dict(
            _delete_=True,
            type='VQVAE',
            init_cfg=dict(type='Pretrained', checkpoint='work_dirs/vqvae_own-videos/epoch_50.pth'),
        )
    )
)

train_dataloader = dict(batch_size=64)
optim_wrapper = dict(optimizer=dict(lr=2.5e-4), accumulative_counts=4)
param_scheduler = dict(from_zero=False)
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=256)
