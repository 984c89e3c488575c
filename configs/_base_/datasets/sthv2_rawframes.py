# Something-Something V2 as folders of frames; lists are written by
# tools/data/sthv2/prepare.py --frames:
#   data/sthv2/{train,val}_rawframes.csv   lines 'folder total_frames label'
#   data/sthv2/rawframes/<folder>/img_00001.jpg ...
_base_ = 'sthv2.py'

folder = 'data/sthv2'
frames = dict(
    data_prefix=f'{folder}/rawframes', filename_tmpl='img_{:05}.jpg', columns='path total label'
)

train_dataloader = dict(
    dataset=dict(sources=[dict(frames, ann_file=f'{folder}/train_rawframes.csv')])
)
val_dataloader = dict(dataset=dict(sources=[dict(frames, ann_file=f'{folder}/val_rawframes.csv')]))
test_dataloader = val_dataloader
