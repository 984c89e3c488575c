# NUM_CLASSES=7 python tools/train.py \
#     configs/recognition/vimpac/vimpac_small-p8_1xb16-5x2fps-50e_custom.py
# Cost: 32.50 G multiply-accumulates per view, 2 clips x 3 crops in the test; 29.4 M parameters
#   without the tokenizer, 1 GPU.
# Paper: nothing.
# Recipe: chosen here; that of UCF101, on one GPU. The model tokenizes videos itself, so its
#   checkpoint can classify video files.
_base_ = [
    '../../_base_/models/vimpac_recognizer_small.py',
    '../../_base_/datasets/custom_fps.py',
    '../../_base_/schedules/adamw_vimpac_finetune.py',
    '../../_base_/default_runtime.py',
]

load_from = 'work_dirs/vimpac_small-p8_1xb64-5x2fps-100e_custom/epoch_100.pth'

clips = dict(sample=dict(clip_len=5), crop=dict(size=128))

model = dict(
    backbone=dict(grid_size=(5, 16, 16)),
    cls_head=dict(num_classes=_base_.num_classes),
    data_preprocessor=dict(
        tokenizer=dict(
            _delete_=True,
            type='VQVAE',
            init_cfg=dict(type='Pretrained', checkpoint='work_dirs/vqvae_own-videos/epoch_50.pth'),
        )
    ),
)

train_dataloader = dict(batch_size=16, dataset=dict(pipeline=clips))
val_dataloader = dict(dataset=dict(pipeline=clips))
test_dataloader = dict(
    dataset=dict(pipeline=dict(sample=dict(clip_len=5, num_clips=2), crop=dict(size=128)))
)
optim_wrapper = dict(accumulative_counts=8)
param_scheduler = dict(from_zero=False)
default_hooks = dict(checkpoint=dict(save_best='acc/top1', rule='greater'))
