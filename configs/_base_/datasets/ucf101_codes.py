# UCF101 with labels, split 1, as kinetics400_codes.py; splits 2 and 3 by the environment: SPLIT=2
# python tools/train.py ... Lists as in ucf101.py; codes of data/ucf101/videos, of all splits, in
# data/ucf101/codes_fps16_256.
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
