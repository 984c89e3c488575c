# Distillation (VideoMAE V2, Table 16): like fine-tuning, with clipping at 1.0.
# The values below are those of Kinetics-710: 1e-3 x 1024 / 256.
_base_ = 'adamw_finetune.py'

optim_wrapper = dict(optimizer=dict(lr=4e-3), clip_grad=dict(max_norm=1.0))
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=1024)
