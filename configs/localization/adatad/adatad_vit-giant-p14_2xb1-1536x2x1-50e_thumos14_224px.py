# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-giant-p14_2xb1-1536x2x1-50e_thumos14_224px.py 2
# Encoder: VideoMAE V2 ViT-g fine-tuned on Kinetics-710, on every 2nd frame at 224 pixels; the
# detector has a step for every 2 of these frames. Only the later 20 of 40 blocks have adapters,
# which learn at twice the rate of the detector.
# Cost: 2 GPUs, 1062.3 M parameters, of which 50.6 M learn.
# Average mAP that OpenTAD reports: 77.07 (89.93, 86.83, 81.24, 69.97, 57.36); the paper: 75.4.
_base_ = [
    '../../_base_/models/adatad.py',
    '../../_base_/datasets/thumos14_windows.py',
    '../../_base_/schedules/adamw_adatad.py',
    '../../_base_/default_runtime.py',
]

windows = dict(frames=1536, stride=2)
test_steps = dict(read=dict(short_side=224), crop=dict(size=224))

model = dict(
    data_preprocessor=dict(num_frames=1536, frames_per_step=2),
    backbone=dict(arch='giant', patch_size=14, peft=dict(layers=tuple(range(20, 40)))),
    lr_factor=2.0,
)
train_dataloader = dict(
    batch_size=1,
    dataset=dict(windows=windows, pipeline=dict(read=dict(short_side=256), crop=dict(size=224))),
)
val_dataloader = dict(dataset=dict(windows=windows, pipeline=test_steps))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=50, val_begin=37)
load_from = 'videomaev2_vit-giant_k710'
