# Something-Something V2 with labels, like kinetics400_codes.py but without mirrored views, since
# left and right are part of the classes. extract_tokens.py --fps 16 --size 256 --views unmirrored
# writes the codes of data/sthv2/videos into data/sthv2/codes_fps16_256. Lists are as in sthv2.py.
# Clips have 4 frames per second as in the paper (appendix C.1); the released script uses 2.
# The test uses the centre crop of 10 clips (Table 4).
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
crops = dict(train=dict(flip=False), test=dict(positions=('centre',)))  # used by sthv2_fps.py
