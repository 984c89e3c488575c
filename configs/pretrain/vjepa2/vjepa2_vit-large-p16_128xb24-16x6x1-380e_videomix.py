# NNODES=16 bash tools/dist_train.sh \
#     configs/pretrain/vjepa2/vjepa2_vit-large-p16_128xb24-16x6x1-380e_videomix.py 8
# Cost: 560.50 G multiply-accumulates per clip and its two masks, and 827.85 G of the teacher; 326.0
#   M parameters, 128 GPUs, activation checkpointing.
# Paper: 73.7 % on Something-Something V2 after the cool-down, by the best of 20 attentive probes of
#   the frozen encoder.
# Licence: code and weights are MIT.
# Not known: how videos were sampled for the curated part of VideoMix22M, which is left out.
# Differs from the paper: it has 240,000 steps, here epochs of 1.9 M clips, and draws data sets by
#   weight; the rate rises from 1e-4, here from 0; masks of a batch have one size and are cut to the
#   shortest, here all hide their mean number of tokens.
_base_ = [
    '../../_base_/models/vjepa2_pretrain_vit-large.py',
    '../../_base_/datasets/videomix_pretrain.py',
    '../../_base_/schedules/adamw_vjepa2.py',
    '../../_base_/moving_average_runtime.py',
]
