# python tools/train.py configs/demo/vimpac_tiny_finetune_motion.py
# python tools/test.py configs/demo/vimpac_tiny_finetune_motion.py \
#     work_dirs/vimpac_tiny_finetune_motion/epoch_10.pth
# after vimpac_tiny_pretrain_motion.py, whose weights it starts from; see
# videomae_vit-tiny-p8_scratch_motion.py for the list of labelled clips.
_base_ = 'vimpac_tiny_scratch_motion.py'

load_from = 'work_dirs/vimpac_tiny_pretrain_motion/epoch_20.pth'
