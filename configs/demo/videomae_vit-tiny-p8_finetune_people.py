# A classifier for the clips of single actors that come with
# python tools/data/synthesize.py people data/people
# python tools/train.py configs/demo/videomae_vit-tiny-p8_finetune_people.py
# Cost: 600 updates of 32 clips from random weights; two minutes on two CPU cores.
# detector_vit-tiny-p8_own-boxes.py can start from it:
#   --cfg-options load_from=work_dirs/videomae_vit-tiny-p8_finetune_people/epoch_8.pth
_base_ = [
    '../_base_/models/recognizer_vit-tiny-p8.py',
    '../_base_/datasets/motion.py',
    '../_base_/schedules/adamw_finetune_tiny.py',
    '../_base_/default_runtime.py',
]

folder = 'data/people/actions'

# Crops show two thirds of the 48x48 pixels, without resizing.
train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/train.csv', data_prefix=folder)],
        pipeline=dict(crop=dict(scales=(2 / 3,))),
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/val.csv', data_prefix=folder)],
        pipeline=dict(crop=dict(short_side=48)),
    ),
)
test_dataloader = val_dataloader

train_cfg = dict(max_epochs=8, val_begin=4, val_interval=4)
default_hooks = dict(checkpoint=dict(interval=8, max_keep_ckpts=1))
