# python tools/train.py configs/demo/vimpac_tiny_pretrain_motion.py
# after vqvae_tiny_motion.py, whose tokenizer it uses. Pixels are tokenized during training; see
# vimpac_tiny_pretrain_motion-codes.py for files of codes.
# Cost: 1,580 updates of 16 videos x 2 clips.
# Paper: nothing; masks and contrast are those of the analyses.
_base_ = [
    '../_base_/models/vimpac_tiny.py',
    '../_base_/datasets/motion_fps_pretrain.py',
    '../_base_/schedules/adamw_vimpac.py',
    '../_base_/default_runtime.py',
]

train_cfg = dict(max_epochs=20)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
)
