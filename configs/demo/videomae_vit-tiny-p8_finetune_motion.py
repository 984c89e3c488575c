# python tools/train.py configs/demo/videomae_vit-tiny-p8_finetune_motion.py
# python tools/test.py configs/demo/videomae_vit-tiny-p8_finetune_motion.py \
#     work_dirs/videomae_vit-tiny-p8_finetune_motion/epoch_10.pth
# after videomae_vit-tiny-p8_pretrain_motion.py, whose weights it starts from; see
# videomae_vit-tiny-p8_scratch_motion.py for the list of labelled clips.
_base_ = 'videomae_vit-tiny-p8_scratch_motion.py'

load_from = 'work_dirs/videomae_vit-tiny-p8_pretrain_motion/epoch_30.pth'
