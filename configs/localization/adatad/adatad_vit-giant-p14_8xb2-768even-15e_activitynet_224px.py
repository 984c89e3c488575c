# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-giant-p14_8xb2-768even-15e_activitynet_224px.py 8
# Encoder: VideoMAE V2 ViT-g fine-tuned on Kinetics-710, at 224 pixels. Only the later 20 of 40
# blocks have adapters.
# Cost: 8 GPUs, 1041.6 M parameters, of which 30.0 M learn.
# Adapters learn at a tenth of the rate of the detector.
# Testing needs class scores of whole videos, see _base_/models/adatad_activitynet.py.
# Average mAP that OpenTAD reports with a classifier's scores: 39.86
#   (IoU 0.5, 0.75, 0.95: 58.57, 41.19, 10.27); with InternVideo's 41.85, with InternVideo2's 42.90.
_base_ = [
    '../../_base_/models/adatad_activitynet.py',
    '../../_base_/datasets/activitynet_windows.py',
    '../../_base_/schedules/adamw_adatad_activitynet.py',
    '../../_base_/default_runtime.py',
]

test_steps = dict(read=dict(short_side=224), crop=dict(size=224))

model = dict(backbone=dict(arch='giant', patch_size=14, peft=dict(layers=tuple(range(20, 40)))))
train_dataloader = dict(
    batch_size=2,
    dataset=dict(pipeline=dict(read=dict(short_side=256), crop=dict(size=224))),
)
val_dataloader = dict(dataset=dict(pipeline=dict(test_steps)))
test_dataloader = val_dataloader
# The model has one class, the data have more.
default_hooks = dict(label_check=None)
load_from = 'videomaev2_vit-giant_k710'
