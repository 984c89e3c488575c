# python tools/train.py configs/demo/videomae_vit-tiny-p8_distill_motion.py
# after videomae_vit-tiny-p8_finetune_motion.py, whose network teaches the small one of
# videomae_vit-tiny-p8_small-student_motion.py: the same clips and updates, no labels.
_base_ = [
    '../_base_/models/recognizer_vit-tiny-p8.py',
    '../_base_/datasets/motion.py',
    '../_base_/schedules/adamw_finetune_tiny.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='DistilledRecognizer',
    backbone=dict(arch=dict(_delete_=True, embed_dims=48, depth=2, num_heads=3)),
    teacher=dict(
        type='Recognizer3D',
        backbone=dict(
            type='VideoMAEViT',
            arch=dict(embed_dims=96, depth=4, num_heads=3),
            img_size=32,
            patch_size=8,
            num_frames=8,
            out_type='avg',
        ),
        cls_head=dict(type='LinearHead', topk=(1,)),
    ),
    teacher_checkpoint='work_dirs/videomae_vit-tiny-p8_finetune_motion/epoch_10.pth',
    temperature=1.0,  # the paper's 3, for 710 classes, flattens four too much
)
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=1))
