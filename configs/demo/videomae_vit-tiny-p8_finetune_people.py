# A classifier of the clips of single actors that come with
# python tools/data/synthesize.py people data/people
# python tools/train.py configs/demo/videomae_vit-tiny-p8_finetune_people.py
# Cost: 600 updates of 32 clips; two minutes on two CPU cores. From random weights.
# detector_vit-tiny-p8_own-boxes.py starts from it:
#   --cfg-options load_from=work_dirs/videomae_vit-tiny-p8_finetune_people/epoch_8.pth
_base_ = 'videomae_vit-tiny-p8_scratch_motion.py'

# Two thirds of 48x48 pixels are seen, as large as they are.
train_pipeline = _base_.train_pipeline
train_pipeline[3].scales = (2 / 3,)
val_pipeline = _base_.val_pipeline
val_pipeline[3].short_side = 48
test_pipeline = _base_.test_pipeline
test_pipeline[3].short_side = 48

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file='data/people/actions/train.csv', data_prefix='data/people/actions')],
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file='data/people/actions/val.csv', data_prefix='data/people/actions')],
        pipeline=val_pipeline,
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file='data/people/actions/val.csv', data_prefix='data/people/actions')],
        pipeline=test_pipeline,
    ),
)

train_cfg = dict(max_epochs=8, val_begin=4, val_interval=4)
default_hooks = dict(checkpoint=dict(interval=8))
