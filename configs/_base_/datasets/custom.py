# Your own labelled clips, with kinetics400.py's pipelines. From a folder of videos per class,
#   python tools/data/make_annotations.py data/custom/videos data/custom
# makes data/custom/{train,val}.csv and classes.txt. The environment sets the number of classes, and
# the folders if they are others:
#   NUM_CLASSES=7 LIST_DIR=data/custom VIDEO_DIR=data/custom/videos python tools/train.py ...
# If mirroring would turn one class into another, such as turning left and right, set
# mirrorable=False, and flip=None in the transforms of the training pipeline.
_base_ = 'kinetics400.py'

list_dir = '{{$LIST_DIR:data/custom}}'
video_dir = '{{$VIDEO_DIR:data/custom/videos}}'
num_classes = {{'$NUM_CLASSES:10'}}
labels = dict(num_classes=num_classes, classes=f'{list_dir}/classes.txt')

train_dataloader = dict(
    dataset=dict(sources=[dict(ann_file=f'{list_dir}/train.csv', data_prefix=video_dir)], **labels)
)
val_dataloader = dict(
    dataset=dict(sources=[dict(ann_file=f'{list_dir}/val.csv', data_prefix=video_dir)], **labels)
)
test_dataloader = val_dataloader
