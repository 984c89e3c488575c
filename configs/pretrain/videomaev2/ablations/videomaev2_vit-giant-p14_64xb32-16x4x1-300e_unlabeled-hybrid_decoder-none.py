# NNODES=8 bash tools/dist_train.sh configs/pretrain/videomaev2/ablations/\
# videomaev2_vit-giant-p14_64xb32-16x4x1-300e_unlabeled-hybrid_decoder-none.py 8
# Cost: 264.12 G multiply-accumulates per clip and forward pass, 4 clips per video (the paper
#   prints 263.93); 1026.3 M parameters, 64 GPUs, activation checkpointing; the paper estimates
#   356 h for 1200 epochs from the first 5, against 241 h (V2 Table 2).
# Paper: no accuracy; Table 2 compares time and memory only.
_base_ = '../videomaev2_vit-giant-p14_64xb32-16x4x1-300e_unlabeled-hybrid.py'

train_dataloader = dict(
    dataset=dict(pipeline=dict(augment=dict(transforms=dict(mask=dict(decoder=None)))))
)
