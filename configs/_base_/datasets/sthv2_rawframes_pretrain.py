# Something-Something V2 as folders of frames extracted at 12 frames per second. Frames extracted at
# 24 need stride 4.
#   data/sthv2/train_rawframes.csv   lines 'folder total_frames label'
#   data/sthv2/rawframes/<folder>/img_00001.jpg ...
_base_ = 'sthv2_pretrain.py'

train_dataloader = dict(
    dataset=dict(
        sources=[
            dict(
                ann_file='data/sthv2/train_rawframes.csv',
                data_prefix='data/sthv2/rawframes',
                filename_tmpl='img_{:05}.jpg',
                columns='path total label',
            )
        ],
    )
)
