# NNODES=8 bash tools/dist_train.sh configs/pretrain/videomaev2/\
# videomaev2_vit-giant-p14_64xb32-16x4x1-300e_unlabeled-hybrid_fsdp.py 8
# Cost: 241.76 G multiply-accumulates per clip and forward pass, 4 clips per video; 1026.3 M
#   parameters, 64 GPUs. Weights, gradients and moments (16 bytes per parameter, 16.4 GB) are
#   sharded over them.
# Paper: as for the recipe below, which was trained without sharding.
# Differs from the paper: it computes in bfloat16, while the released code uses float16.
_base_ = [
    'videomaev2_vit-giant-p14_64xb32-16x4x1-300e_unlabeled-hybrid.py',
    '../../_base_/fsdp.py',
]

optim_wrapper = dict(type='OptimWrapper')  # FSDP casts by itself
