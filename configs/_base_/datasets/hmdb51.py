# HMDB51 with labels, split 1; for splits 2 and 3, use SPLIT=2 python tools/train.py ...
# tools/data/hmdb51/prepare.py writes the lists, data/hmdb51/split1/{train,val}.csv, and the class
# names, data/hmdb51/classes.txt; videos are below data/hmdb51/videos.
# Clips have stride 2; the test uses 10 clips x 3 crops (VideoMAE, appendix B).
_base_ = 'kinetics400.py'

folder = 'data/hmdb51'
num_classes = 51
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')
split = {{'$SPLIT:1'}}
lists = f'{folder}/split{split}'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/train.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(sample=dict(stride=2)),
        **labels,
    )
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/val.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(sample=dict(stride=2)),
        **labels,
    )
)
test_dataloader = dict(
    dataset=dict(val_dataloader['dataset'], pipeline=dict(sample=dict(stride=2, num_clips=10)))
)
