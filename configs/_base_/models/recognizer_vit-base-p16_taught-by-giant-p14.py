# ViT-B that learns the scores of a frozen ViT-g on the same clips (VideoMAE V2, Table 16).
# It is not published whether the labels are also part of the loss; label_weight=1.0 adds them. For
# another student, change backbone.arch. The teacher has the student's classes.
_base_ = 'recognizer_vit-base-p16.py'

model = dict(
    type='DistilledRecognizer',
    temperature=3.0,
    distill_weight=1.0,
    label_weight=0.0,
    teacher=dict(
        type='Recognizer3D',
        backbone=dict(
            type='VideoMAEViT',
            arch='giant',
            img_size=224,
            patch_size=14,
            num_frames=16,
            tubelet_size=2,
            out_type='avg',
        ),
        cls_head=dict(type='LinearHead'),
    ),
)
