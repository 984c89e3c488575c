# Like vimpac_tiny_pretrain_motion.py, but from files of codes instead of pixels:
# python tools/misc/extract_tokens.py configs/demo/vqvae_tiny_motion.py data/motion/pretrain.csv \
#     data/motion/codes --data-prefix data/motion --views unmirrored --fps 12.5 --size 32 \
#     --checkpoint work_dirs/vqvae_tiny_motion/epoch_10.pth
# python tools/train.py configs/demo/vimpac_tiny_pretrain_motion-codes.py
_base_ = [
    '../_base_/models/vimpac_tiny.py',
    '../_base_/datasets/motion_codes_pretrain.py',
    '../_base_/schedules/adamw_vimpac.py',
    '../_base_/default_runtime.py',
]

train_cfg = dict(max_epochs=20)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
)
