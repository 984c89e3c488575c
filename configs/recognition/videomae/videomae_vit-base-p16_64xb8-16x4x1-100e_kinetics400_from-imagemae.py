# NNODES=8 bash tools/dist_train.sh configs/recognition/videomae/\
# videomae_vit-base-p16_64xb8-16x4x1-100e_kinetics400_from-imagemae.py 8
# Cost: 180.49 G multiply-accumulates per view, 5 clips x 3 crops in the test; 86.5 M parameters,
#   64 GPUs.
# Paper: 78.7 % top-1 on Kinetics-400 (Table 1e; 5 clips x 3 crops).
# Starts from: an ImageMAE ViT-B of ImageNet-1K (1600 epochs in the paper), whose file must be at
#   this path; its 2-D patch embedding is repeated over the two frames of a cube and halved.
# Recipe: not published. Chosen here: the script of VideoMAE on the same data.
_base_ = [
    '../../_base_/models/recognizer_vit-base-p16.py',
    '../../_base_/datasets/kinetics400.py',
    '../../_base_/schedules/adamw_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'checkpoints/mae_pretrain_vit_base.pth'

train_dataloader = dict(batch_size=8, dataset=dict(pipeline=dict(augment=dict(num_repeats=1))))
optim_wrapper = dict(optimizer=dict(lr=0.002))  # 1e-3 * 512 / 256
param_scheduler = dict(eta_min_ratio=1e-6 / 1e-3)
train_cfg = dict(max_epochs=100)
auto_scale_lr = dict(base_batch_size=512)
