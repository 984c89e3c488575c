# NNODES=4 bash tools/dist_train.sh \
#     configs/pretrain/umt/umt_vit-large-p16_32xb64-8xsegments-200e_kinetics710.py 8
# Cost: 104.96 G multiply-accumulates per clip and forward pass, and 504.50 G of teachers; 307.8 M
#   parameters, 303.9 M of teachers, 32 GPUs.
# Paper: 90.3 % top-1 on Kinetics-400 after fine-tuning on Kinetics-710 (8 frames, 4 clips x 3
#   crops); 90.4 % on Kinetics-600; 83.2 % on Kinetics-700; 90.6 % on Kinetics-400 with 16 frames.
# Licence: UMT's code is MIT; that of its weights was not checked. CLIP's weights are MIT.
# Not known: positions, here the fixed sinusoid; the lowest rate, here that of VideoMAE; how frames
#   are cropped, here as in VideoMAE; and with which mean CLIP sees them, here its own.
_base_ = [
    '../../_base_/models/umt_vit-large-p16_taught-by-clip.py',
    '../../_base_/datasets/kinetics710_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=64)
optim_wrapper = dict(optimizer=dict(lr=1.2e-3))  # 1.5e-4 * 2048 / 256
param_scheduler = dict(warmup=40)
train_cfg = dict(max_epochs=200)
auto_scale_lr = dict(base_batch_size=2048)
