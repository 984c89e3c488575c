# HMDB51 with labels, with the pipelines of kinetics400_codes.py and the lists and splits of
# hmdb51.py; codes of data/hmdb51/videos for all splits are in data/hmdb51/codes_fps16_256.
# Clips have 4 frames per second as in the paper (appendix C.1); the released script uses 2.
_base_ = 'kinetics400_codes.py'

folder = 'data/hmdb51'
num_classes = 51
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')
split = {{'$SPLIT:1'}}
lists = f'{folder}/split{split}'
own = dict(open=dict(folder=f'{folder}/codes_fps{{fps}}_{{size}}'), sample=dict(fps=4))

train_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/train.csv', data_prefix=f'{folder}/videos')],
        pipeline=own,
        **labels,
    )
)
val_dataloader = dict(
    dataset=dict(
        sources=[dict(ann_file=f'{lists}/val.csv', data_prefix=f'{folder}/videos')],
        pipeline=own,
        **labels,
    )
)
test_dataloader = val_dataloader
