# Something-Something V1, which is distributed as folders of frames; lists are written by
# tools/data/sthv1/prepare.py --frames:
#   data/sthv1/{train,val}_rawframes.csv   lines 'folder total_frames label'
#   data/sthv1/rawframes/<folder>/00001.jpg ...
_base_ = 'sthv2.py'

folder = 'data/sthv1'
frames = dict(
    data_prefix=f'{folder}/rawframes', filename_tmpl='{:05}.jpg', columns='path total label'
)
labels = dict(num_classes=174, classes=f'{folder}/classes.txt')

train_dataloader = dict(
    dataset=dict(sources=[dict(frames, ann_file=f'{folder}/train_rawframes.csv')], **labels)
)
val_dataloader = dict(
    dataset=dict(sources=[dict(frames, ann_file=f'{folder}/val_rawframes.csv')], **labels)
)
test_dataloader = val_dataloader
