# UCF101 with labels, split 1; for splits 2 and 3, use SPLIT=2 python tools/train.py ...
# tools/data/ucf101/prepare.py writes the lists, data/ucf101/split1/{train,val}.csv, and the class
# names, data/ucf101/classes.txt; videos are below data/ucf101/videos.
_base_ = 'kinetics400.py'

folder = 'data/ucf101'
num_classes = 101
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')
split = {{'$SPLIT:1'}}
lists = f'{folder}/split{split}'

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/train.csv', data_prefix=f'{folder}/videos')], **labels
    )
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/val.csv', data_prefix=f'{folder}/videos')], **labels
    )
)
test_dataloader = val_dataloader
