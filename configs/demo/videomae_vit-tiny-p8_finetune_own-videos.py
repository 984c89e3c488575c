# A classifier for your own videos on a CPU, explained in docs/classification.md:
# python tools/data/make_annotations.py data/custom/videos data/custom
# NUM_CLASSES=4 python tools/train.py configs/demo/videomae_vit-tiny-p8_finetune_own-videos.py
# Cost: 0.7 G multiply-accumulates per view of 16 frames of 64x64 pixels; minutes on two CPU cores
#   for a few hundred clips.
# It starts from random weights; to start from videomae_vit-tiny-p8_pretrain_own-videos.py add
#   --cfg-options load_from=work_dirs/videomae_vit-tiny-p8_pretrain_own-videos/epoch_20.pth
# Paper: nothing. For better accuracy use the recipes in configs/recognition/.
_base_ = [
    '../_base_/datasets/custom.py',
    '../_base_/schedules/adamw_finetune.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='VideoMAEViT',
        arch=dict(embed_dims=128, depth=4, num_heads=4),
        img_size=64,
        patch_size=8,
        out_type='avg',
        weight_init='trunc_normal',
    ),
    cls_head=dict(type='LinearHead', num_classes=_base_.num_classes, topk=(1,)),
    data_preprocessor=dict(type='ClassificationDataPreprocessor'),
    test_cfg=dict(max_testing_views=24),
)

# Nothing is mirrored, since left and right may be different classes in your videos.
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    pin_memory=False,
    drop_last=False,  # there may be fewer clips than a batch
    dataset=dict(
        pipeline=dict(
            sample=dict(stride=2),
            augment=dict(
                transforms=dict(
                    rand_augment=None,
                    crop=dict(size=64, scale=(0.5, 1.0)),
                    flip=None,
                    erase=None,
                )
            ),
        )
    ),
)
val_dataloader = dict(
    num_workers=2,
    pin_memory=False,
    dataset=dict(pipeline=dict(sample=dict(stride=2), crop=dict(size=64))),
)
test_dataloader = dict(
    val_dataloader,
    batch_size=4,
    dataset=dict(pipeline=dict(sample=dict(stride=2, num_clips=2), crop=dict(size=64))),
)

optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    clip_grad=dict(max_norm=5.0),
    paramwise_cfg=dict(layer_decay_rate=None),
)
param_scheduler = dict(warmup=3, eta_min_ratio=0.01, from_zero=False)
train_cfg = dict(max_epochs=30, val_interval=5)
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(
    checkpoint=dict(interval=10, max_keep_ckpts=1, save_best='acc/top1', rule='greater')
)
