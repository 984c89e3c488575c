# Kinetics-600, like kinetics400.py: data/kinetics600/{train,val}.csv, classes.txt and videos/.
_base_ = 'kinetics400.py'

folder = 'data/kinetics600'
num_classes = 600
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
