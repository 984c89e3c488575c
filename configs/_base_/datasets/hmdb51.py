# HMDB51 with labels, split 1; splits 2 and 3 by the environment: SPLIT=2 python tools/train.py ...
# Lists by tools/data/hmdb51/prepare.py: data/hmdb51/split1/{train,val}.csv; names of the classes in
# data/hmdb51/classes.txt, videos below data/hmdb51/videos.
# Clips have stride 2; test: 10 clips x 3 crops (VideoMAE, appendix B).
_base_ = 'kinetics400.py'

split = {{'$SPLIT:1'}}

train_pipeline = _base_.train_pipeline
train_pipeline[1].stride = 2
val_pipeline = _base_.val_pipeline
val_pipeline[1].stride = 2
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(stride=2, num_clips=10)

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file=f'data/hmdb51/split{split}/train.csv',
                data_prefix='data/hmdb51/videos',
            )
        ],
        pipeline=train_pipeline,
        num_classes=51,
        classes='data/hmdb51/classes.txt',
    ),
)
val_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file=f'data/hmdb51/split{split}/val.csv',
                data_prefix='data/hmdb51/videos',
            )
        ],
        pipeline=val_pipeline,
        num_classes=51,
        classes='data/hmdb51/classes.txt',
    ),
)
test_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file=f'data/hmdb51/split{split}/val.csv',
                data_prefix='data/hmdb51/videos',
            )
        ],
        pipeline=test_pipeline,
        num_classes=51,
        classes='data/hmdb51/classes.txt',
    ),
)
