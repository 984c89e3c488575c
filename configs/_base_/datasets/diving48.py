# Diving48 with labels, with the pipelines of kinetics400.py. tools/data/diving48/prepare.py writes
# the lists: data/diving48/{train,val}.csv and classes.txt, for data/diving48/videos.
_base_ = 'kinetics400.py'

folder = 'data/diving48'
num_classes = 48
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/train.csv', data_prefix=f'{folder}/videos')], **labels
    )
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/val.csv', data_prefix=f'{folder}/videos')], **labels
    )
)
test_dataloader = val_dataloader
