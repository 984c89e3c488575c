# bash tools/dist_train.sh \
#     configs/localization/adatad/adatad_vit-giant-p14_2xb1-1536x2x1-80e_multithumos_224px.py 2
# Encoder: VideoMAE V2 ViT-g fine-tuned on Kinetics-710, on every 2nd frame at 224 pixels; the
# detector has a step for every 2 of these frames. Only the later 20 of 40 blocks have adapters.
# Cost: 2 GPUs, 1056.8 M parameters, of which 45.2 M learn.
# Average mAP that OpenTAD reports: 48.73.
_base_ = [
    '../../_base_/models/adatad_multithumos.py',
    '../../_base_/datasets/multithumos_windows.py',
    '../../_base_/schedules/adamw_adatad_multithumos.py',
    '../../_base_/default_runtime.py',
]

windows = dict(frames=1536, stride=2)
test_steps = dict(read=dict(short_side=224), crop=dict(size=224))

model = dict(
    data_preprocessor=dict(num_frames=1536, frames_per_step=2),
    backbone=dict(arch='giant', patch_size=14, peft=dict(layers=tuple(range(20, 40)))),
)
train_dataloader = dict(
    batch_size=1,
    dataset=dict(windows=windows, pipeline=dict(read=dict(short_side=256), crop=dict(size=224))),
)
val_dataloader = dict(dataset=dict(windows=windows, pipeline=test_steps))
test_dataloader = val_dataloader
load_from = 'videomaev2_vit-giant_k710'
