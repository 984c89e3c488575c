# UCF101 with labels, with the pipelines of kinetics400_codes.py and the lists and splits of
# ucf101.py; codes of data/ucf101/videos for all splits are in data/ucf101/codes_fps16_256.
_base_ = 'kinetics400_codes.py'

folder = 'data/ucf101'
num_classes = 101
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')
split = {{'$SPLIT:1'}}
lists = f'{folder}/split{split}'
own = dict(open=dict(folder=f'{folder}/codes_fps{{fps}}_{{size}}'))

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/train.csv', data_prefix=f'{folder}/videos')],
        pipeline=own,
        **labels,
    )
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/val.csv', data_prefix=f'{folder}/videos')],
        pipeline=own,
        **labels,
    )
)
test_dataloader = val_dataloader
