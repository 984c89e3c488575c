# NNODES=32 bash tools/dist_train.sh \
#     configs/pretrain/vjepa2/vjepa2_vit-huge-p16_256xb12-64x6x1-19e_videomix_cooldown.py 8
# Cost: 5533.06 G multiply-accumulates per clip and its two masks, and 10667.63 G of the teacher;
#   653.9 M parameters, 256 GPUs, activation checkpointing.
# Paper: nothing for this size alone; the released vith.pt.
# Licence: code and weights are MIT.
# Not known: as in the first stage.
# Differs from the paper: as in the first stage; the moving average begins as a copy of the encoder,
#   not as that of the first stage.
_base_ = [
    '../../_base_/models/vjepa2_pretrain_vit-huge.py',
    '../../_base_/datasets/videomix_64x_pretrain.py',
    '../../_base_/schedules/adamw_vjepa2_cooldown.py',
    '../../_base_/moving_average_runtime.py',
]

load_from = 'work_dirs/vjepa2_vit-huge-p16_128xb24-16x6x1-380e_videomix/epoch_380.pth'

model = dict(backbone=dict(num_frames=64))
