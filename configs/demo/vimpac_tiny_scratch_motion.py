# The network of vimpac_tiny_finetune_motion.py from random weights, with the same tokenizer, labels
# and updates.
# python tools/train.py configs/demo/vimpac_tiny_scratch_motion.py
# Cost: 200 updates of 32 clips.
_base_ = [
    '../_base_/models/vimpac_recognizer_tiny.py',
    '../_base_/datasets/motion_fps.py',
    '../_base_/schedules/adamw_vimpac_finetune.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=10, val_begin=10)
auto_scale_lr = dict(base_batch_size=32)
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=1))
