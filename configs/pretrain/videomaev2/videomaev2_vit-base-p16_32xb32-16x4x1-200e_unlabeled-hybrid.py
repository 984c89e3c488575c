# NNODES=4 bash tools/dist_train.sh \
#     configs/pretrain/videomaev2/videomaev2_vit-base-p16_32xb32-16x4x1-200e_unlabeled-hybrid.py 8
# Cost: 25.87 G multiply-accumulates per clip and forward pass, 4 clips per video; 94.2 M
#   parameters, 32 GPUs.
# Epochs: 200 passes over the videos, each seen 4 times: 800 in the paper's counting.
# Paper: 81.5 % top-1 on Kinetics-400 (5 clips x 3 crops) and 71.2 % on Something-Something V2 (2 x
#   3) after fine-tuning (Tables 3 and 4).
# Differs from the paper: Table 3 says 1200 epochs for every size and Table 10 2048 videos and 30
#   epochs of warm-up; the released script for ViT-B amounts to 800 epochs, 1024 videos and 20
#   epochs. Table 10's base rate of 1.5e-4 for 8192 clips peaks at 4.8e-3; the released script for
#   this size, followed here, peaks at 4e-3, without the gradient clipping at 0.02 of Table 10. The
#   code also runs the decoder in float16, while appendix D.1 says float32, and averages the loss
#   over the tokens that enter it, while equation 2 divides by all decoded tokens.
_base_ = [
    '../../_base_/models/videomae_vit-base-p16.py',
    '../../_base_/datasets/unlabeled_hybrid_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=4e-3))  # 1e-3 * 1024 / 256
param_scheduler = dict(warmup=20, eta_min_ratio=1e-5 / 1e-3)
train_cfg = dict(max_epochs=200)
auto_scale_lr = dict(base_batch_size=1024)  # videos; the 4 views of each are not counted
