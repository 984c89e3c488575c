# NNODES=12 bash tools/dist_train.sh \
#     configs/pretrain/salt/salt_vit-large-p16_96xb32-16x4x1-34e_v36m_pixels.py 8
# Cost: 405.71 G multiply-accumulates per clip and its two masks, 326.2 M parameters, 96 GPUs.
# Paper: stage 1, 40,000 steps. Its probe reaches 72.5 % with the masks of both sizes, against 69.0
#   to 70.7 % with random tubes (from a third party's summary of the paper).
# Licence: neither code nor weights were released.
# Not known: learning rates and their schedule, weight decay, decoder and sampling of clips; here
#   the cosine and the decay are those of our other recipes, and peak rate and predictor those of
#   V-JEPA 2.
# Differs from the paper: the masks of V-JEPA differ in size, and lists of tokens are cut to the
#   shortest of a batch; here all masks of a kind hide their mean number of tokens. Steps are given
#   as epochs of 3.6 M clips.
_base_ = [
    '../../_base_/models/salt_vit-large-p16_pixels.py',
    '../../_base_/datasets/v36m_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=5.25e-4))
param_scheduler = dict(warmup=3)
train_cfg = dict(max_epochs=34)
auto_scale_lr = dict(base_batch_size=3072)
