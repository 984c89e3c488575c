# Detection on AVA: like adamw_finetune.py, but with a batch of 128 clips and less validation.
# The values below are those of ViT-B pre-trained without Kinetics labels: 2.5e-4 x 128 / 256.
_base_ = 'adamw_finetune.py'

optim_wrapper = dict(optimizer=dict(lr=1.25e-4))
param_scheduler = dict(eta_min_ratio=1e-6 / 2.5e-4)
train_cfg = dict(max_epochs=30, val_interval=5)
auto_scale_lr = dict(base_batch_size=128)
