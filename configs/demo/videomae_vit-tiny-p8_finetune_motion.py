# python tools/train.py configs/demo/videomae_vit-tiny-p8_finetune_motion.py
# python tools/test.py configs/demo/videomae_vit-tiny-p8_finetune_motion.py \
#     work_dirs/videomae_vit-tiny-p8_finetune_motion/epoch_10.pth
# after videomae_vit-tiny-p8_pretrain_motion.py, whose weights it starts from; the list of labelled
# clips is made as videomae_vit-tiny-p8_scratch_motion.py says.
_base_ = 'videomae_vit-tiny-p8_scratch_motion.py'

load_from = 'work_dirs/videomae_vit-tiny-p8_pretrain_motion/epoch_30.pth'
