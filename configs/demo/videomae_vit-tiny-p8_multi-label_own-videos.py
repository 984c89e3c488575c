# A classifier for your own videos with several labels each, explained in docs/classification.md:
# python tools/data/make_annotations.py data/tagged/videos data/tagged \
#     --labels data/tagged/labels.csv
# NUM_CLASSES=4 python tools/train.py configs/demo/videomae_vit-tiny-p8_multi-label_own-videos.py
# Cost: 0.7 G multiply-accumulates per view of 16 frames of 64x64 pixels; minutes on two CPU cores
#   for a few hundred clips.
# Paper: nothing. For better accuracy give these settings to a recipe in configs/recognition/.
_base_ = 'videomae_vit-tiny-p8_finetune_own-videos.py'

list_dir = '{{$LIST_DIR:data/tagged}}'
video_dir = '{{$VIDEO_DIR:data/tagged/videos}}'
labels = dict(multi_class=True, classes=f'{list_dir}/classes.txt')

model = dict(cls_head=dict(multi_class=True))

train_dataloader = dict(
    dataset=dict(sources=[dict(ann_file=f'{list_dir}/train.csv', data_prefix=video_dir)], **labels)
)
val_dataloader = dict(
    dataset=dict(sources=[dict(ann_file=f'{list_dir}/val.csv', data_prefix=video_dir)], **labels)
)
test_dataloader = val_dataloader

val_evaluator = dict(type='MultiLabelMAP')
test_evaluator = dict(type='MultiLabelMAP', classwise=True)
default_hooks = dict(checkpoint=dict(save_best='label/mAP'))
