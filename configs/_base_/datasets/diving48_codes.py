# Diving48 with labels, with the pipelines of kinetics400_codes.py and the lists of diving48.py;
# codes of data/diving48/videos are in data/diving48/codes_fps16_256.
# Clips have 4 frames per second as in the paper (appendix C.1); the released script uses 2.
_base_ = 'kinetics400_codes.py'

folder = 'data/diving48'
num_classes = 48
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')
own = dict(open=dict(folder=f'{folder}/codes_fps{{fps}}_{{size}}'), sample=dict(fps=4))

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/train.csv', data_prefix=f'{folder}/videos')],
        pipeline=own,
        **labels,
    )
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{folder}/val.csv', data_prefix=f'{folder}/videos')],
        pipeline=own,
        **labels,
    )
)
test_dataloader = val_dataloader
