# Your own labelled clips, with the pipelines of kinetics400_codes.py; lists and number of classes
# are as in custom.py. Make the codes with
#   python tools/misc/extract_tokens.py CONFIG data/custom/videos data/custom/codes_fps16_256 \
#       --fps 16 --size 256 --views all
# If mirroring would turn one class into another, such as turning left and right, set
# mirrorable=False, and flip=False in the open step of the training pipeline.
_base_ = 'kinetics400_codes.py'

folder = 'data/custom'
num_classes = {{'$NUM_CLASSES:10'}}
labels = dict(num_classes=num_classes, classes=f'{folder}/classes.txt')
own = dict(open=dict(folder=f'{folder}/codes_fps{{fps}}_{{size}}'))

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
