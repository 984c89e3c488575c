# Your own labelled clips, with kinetics400.py's pipelines. From a folder of videos per class,
#   python tools/data/make_annotations.py data/custom/videos data/custom
# makes data/custom/{train,val}.csv and classes.txt. The environment sets the number of classes:
#   NUM_CLASSES=7 python tools/train.py ...
# If mirroring would turn one class into another, such as turning left and right, set
# mirrorable=False, and flip=None in the transforms of the training pipeline.
_base_ = 'kinetics400.py'

folder = 'data/custom'
num_classes = {{'$NUM_CLASSES:10'}}
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
