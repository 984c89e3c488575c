# Your own labelled clips, as kinetics400.py. Of videos in a folder per class,
#   python tools/data/make_annotations.py data/custom/videos data/custom
# makes data/custom/{train,val}.csv and classes.txt. The environment tells the number of classes:
#   NUM_CLASSES=7 python tools/train.py ...
# Where mirroring would make one class of another, such as turning left and right, set
# mirrorable=False and take ClipFlip from the pipeline.
_base_ = 'kinetics400.py'

num_classes = {{'$NUM_CLASSES:10'}}

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/custom/train.csv',
                data_prefix='data/custom/videos',
            )
        ],
        num_classes=num_classes,
        classes='data/custom/classes.txt',
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/custom/val.csv',
                data_prefix='data/custom/videos',
            )
        ],
        num_classes=num_classes,
        classes='data/custom/classes.txt',
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/custom/val.csv',
                data_prefix='data/custom/videos',
            )
        ],
        num_classes=num_classes,
        classes='data/custom/classes.txt',
    ),
)
