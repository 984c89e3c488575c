# What `make demo` trains: half of the cubes are hidden, anywhere, so that within minutes the
# reconstruction of the others can be recognised.
# python tools/data/synthesize.py actions data/motion --difficulty crowd --classes 4 --size 40 \
#     --frames 20 --clips 408 --splits 0.0196 0 0.9804 --unlabelled 792
# python tools/train.py configs/demo/videomae_vit-tiny-p8_pretrain_motion_random50.py
# Cost: 2,000 updates of 16 videos x 2 views.
# Paper: nothing; VideoMAE compares such masks, at 90 %, with tubes (Table 1b), and decoders of one
#   block with deeper ones (Table 1a).
_base_ = [
    '../_base_/models/videomae_vit-tiny-p8.py',
    '../_base_/datasets/motion_pretrain.py',
    '../_base_/schedules/adamw_pretrain.py',
    '../_base_/default_runtime.py',
]

model = dict(neck=dict(depth=1))
train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            augment=dict(transforms=dict(mask=dict(encoder=dict(type='RandomMask', ratio=0.5))))
        )
    )
)
optim_wrapper = dict(optimizer=dict(lr=3e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = dict(warmup=3, eta_min_ratio=0.01)
train_cfg = dict(max_epochs=40)
auto_scale_lr = dict(base_batch_size=16)
default_hooks = dict(
    logger=dict(interval=50),
    checkpoint=dict(interval=5, max_keep_ckpts=1),
)
