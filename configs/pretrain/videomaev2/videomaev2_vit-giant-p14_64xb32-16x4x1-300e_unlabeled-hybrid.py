# NNODES=8 bash tools/dist_train.sh \
#     configs/pretrain/videomaev2/videomaev2_vit-giant-p14_64xb32-16x4x1-300e_unlabeled-hybrid.py 8
# Cost: 241.76 G multiply-accumulates per clip and forward pass, 4 clips per video; 1026.3 M
#   parameters, 64 GPUs, activation checkpointing; the paper took 241 h on 64 A100 of 80 GB (Table
#   2).
# Epochs: 300 passes over the videos, each seen 4 times: 1200 in the paper's counting.
# Paper: 87.2 % top-1 on Kinetics-400 (5 clips x 3 crops) and 77.0 % on Something-Something V2 (2 x
#   3) after fine-tuning (Tables 3 and 4).
# Differs from the paper: Table 7 prints a decoder MLP of 2048 units and 25 visible tokens per slot;
#   the code has 2234 and 26. The learning rate, warm-up and epochs of Table 10 (1.5e-4, 120, 1200)
#   are this script's (6e-4, 30, 300) in clips instead of videos. The code also runs the decoder in
#   float16, while appendix D.1 says float32, and averages the loss over the tokens that enter it,
#   while equation 2 divides by all decoded tokens.
_base_ = [
    '../../_base_/models/videomaev2_vit-giant-p14.py',
    '../../_base_/datasets/unlabeled_hybrid_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(
    batch_size=32,
    dataset=dict(pipeline=dict(augment=dict(transforms=dict(mask=dict(grid_size=(8, 16, 16)))))),
)
optim_wrapper = dict(optimizer=dict(lr=4.8e-3), clip_grad=dict(max_norm=0.02))  # 6e-4 * 2048 / 256
param_scheduler = dict(warmup=30, eta_min_ratio=1e-5 / 6e-4)
train_cfg = dict(max_epochs=300)
auto_scale_lr = dict(base_batch_size=2048)  # videos; the 4 views of each are not counted
