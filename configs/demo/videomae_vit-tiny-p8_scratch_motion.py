# The network of videomae_vit-tiny-p8_finetune_motion.py from random weights, with the same labels,
# updates and augmentation. This lists the 16 labelled clips 40 times each:
# for i in $(seq 40); do cat data/motion/train.csv; done > data/motion/few.csv
# python tools/train.py configs/demo/videomae_vit-tiny-p8_scratch_motion.py
# Cost: 200 updates of 32 clips; less than half a minute on two idle CPU cores.
_base_ = [
    '../_base_/models/recognizer_vit-tiny-p8.py',
    '../_base_/datasets/motion.py',
    '../_base_/schedules/adamw_finetune_tiny.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=1))
