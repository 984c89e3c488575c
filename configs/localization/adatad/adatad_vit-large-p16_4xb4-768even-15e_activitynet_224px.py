# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-large-p16_4xb4-768even-15e_activitynet_224px.py 4
# Encoder: VideoMAE ViT-L fine-tuned on Kinetics-400, at 224 pixels. The detector finds the 200
# classes itself: it needs no classifier.
# Cost: 4 GPUs, 346.0 M parameters, of which 42.2 M learn.
# Adapters learn at 0.08 times the rate of the detector. 15 epochs of a cosine of 20.
# Average mAP that OpenTAD reports: 39.15.
_base_ = [
    '../../_base_/models/adatad_activitynet.py',
    '../../_base_/datasets/activitynet_windows.py',
    '../../_base_/schedules/adamw_adatad_activitynet.py',
    '../../_base_/default_runtime.py',
]

test_steps = dict(read=dict(short_side=224), crop=dict(size=224))

width = 512
head = dict(in_channels=width, hidden_channels=width)
model = dict(
    backbone=dict(arch='large'),
    lr_factor=0.08,
    detector=dict(
        backbone=dict(embed_dims=width),
        neck=dict(in_channels=width),
        cls_head=dict(head, num_classes=200),
        reg_head=head,
        loss=dict(reg_weight=1.0),
        test_cfg=dict(sigma=0.75, class_agnostic=False),
    ),
)
classes = dict(class_agnostic=False)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(pipeline=dict(read=dict(short_side=256), crop=dict(size=224), pack=classes)),
)
val_dataloader = dict(dataset=dict(pipeline=dict(test_steps, pack=classes)))
test_dataloader = val_dataloader
val_evaluator = dict(class_agnostic=False)
param_scheduler = dict(end=20)
train_cfg = dict(val_begin=10)
load_from = 'videomae_vit-large_k400-mmaction2'
