# Two views of every clip of Kinetics-400, with the crops and colours of MoCo v3.
_base_ = 'kinetics400_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=dict(
            augment=dict(
                num_repeats=2,
                transforms=dict(
                    _delete_=True,
                    crop=dict(type='ClipRandomResizedCrop', size=224),
                    flip=dict(type='ClipFlip'),
                    colours=dict(type='ClipColorViews'),
                ),
            )
        )
    )
)
