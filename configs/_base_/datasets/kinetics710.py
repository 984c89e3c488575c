# Kinetics-710: Kinetics-400, 600 and 700 merged, without duplicates (VideoMAE V2, appendix C.2).
# tools/data/build_k710.py writes the lists and the maps of classes:
#   data/kinetics710/{train,val}.csv   lines 'path label', paths relative to data
#   data/kinetics710/classes.txt       a name per label
#   data/kinetics710/label_710to{400,600,700}.json   the label of each class among the 710
_base_ = 'kinetics400.py'

folder = 'data/kinetics710'
num_classes = 710
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')

train_dataloader = dict(
    dataset=dict(sources=[dict(ann_file=f'{folder}/train.csv', data_prefix='data')], **labels)
)
val_dataloader = dict(
    dataset=dict(sources=[dict(ann_file=f'{folder}/val.csv', data_prefix='data')], **labels)
)
test_dataloader = val_dataloader
