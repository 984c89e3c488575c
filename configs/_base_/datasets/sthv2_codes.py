# Something-Something V2 with labels, as kinetics400_codes.py but without mirrored views, since left
# and right are part of the classes: codes of data/sthv2/videos in data/sthv2/codes_fps16_256 by
# extract_tokens.py --fps 16 --size 256 --views unmirrored. Lists as in sthv2.py.
# Clips have 4 frames per second as in the paper (appendix C.1); the released script has 2.
# Test: 10 clips x the centre crop (Table 4).
_base_ = 'kinetics400_codes.py'

folder = 'data/sthv2'
num_classes = 174
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt', mirrorable=False)
codes = dict(folder=f'{folder}/codes_fps{{fps}}_{{size}}')
clip = dict(fps=4)

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/train.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(open=dict(codes, flip=False), sample=clip),
        **labels,
    )
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/val.csv', data_prefix=f'{folder}/videos')],
        pipeline=dict(open=codes, sample=clip),
        **labels,
    )
)
test_dataloader = dict(
    dataset=dict(
        val_dataloader['dataset'],
        pipeline=dict(open=dict(codes, positions=('centre',)), sample=clip),
    )
)
crops = dict(train=dict(flip=False), test=dict(positions=('centre',)))  # of sthv2_fps.py
