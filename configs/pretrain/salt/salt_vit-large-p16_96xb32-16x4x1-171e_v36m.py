# NNODES=12 bash tools/dist_train.sh \
#     configs/pretrain/salt/salt_vit-large-p16_96xb32-16x4x1-171e_v36m.py 8
# Cost: 405.66 G multiply-accumulates per clip and its two masks, and 596.83 G of teachers; 326.0 M
#   parameters, 303.9 M of teachers, 96 GPUs.
# Paper: stage 2, 200,000 steps after the 40,000 of its teacher: 74.9 % on Something-Something V2
#   and 85.4 % on Kinetics-400 by an attentive probe of the frozen encoder, against 68.2 and 83.8 %
#   of V-JEPA 2 on the same data (from a third party's summary of the paper).
# Licence: neither code nor weights were released.
# Not known: learning rates and their schedule, weight decay, decoder and sampling of clips; here
#   the cosine and the decay are those of our other recipes, and peak rate and predictor those of
#   V-JEPA 2.
# Differs from the paper: the masks of V-JEPA differ in size, and lists of tokens are cut to the
#   shortest of a batch; here all masks of a kind hide their mean number of tokens. Steps are given
#   as epochs of 3.6 M clips.
_base_ = [
    '../../_base_/models/salt_vit-large-p16.py',
    '../../_base_/datasets/v36m_pretrain.py',
    '../../_base_/schedules/adamw_pretrain.py',
    '../../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=5.25e-4))
param_scheduler = dict(warmup=10)
train_cfg = dict(max_epochs=171)
auto_scale_lr = dict(base_batch_size=3072)
