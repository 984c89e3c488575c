# A classifier for your own videos with several labels each, explained in docs/classification.md:
# python tools/data/make_annotations.py data/tagged/videos data/tagged \
#     --labels data/tagged/labels.csv
# NUM_CLASSES=4 python tools/train.py configs/demo/videomae_vit-tiny-p8_multi-label_own-videos.py
# Cost: 0.7 G multiply-accumulates per view of 16 frames of 64x64 pixels; minutes on two CPU cores
#   for a few hundred clips.
# Paper: nothing. For better accuracy give these settings to a recipe in configs/recognition/.
_base_ = 'videomae_vit-tiny-p8_finetune_own-videos.py'

folder = 'data/tagged'
labels = dict(multi_class=True, classes=f'{folder}/classes.txt')

model = dict(cls_head=dict(multi_class=True))

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

val_evaluator = dict(type='MultiLabelMAP')
test_evaluator = dict(type='MultiLabelMAP', classwise=True)
default_hooks = dict(checkpoint=dict(save_best='label/mAP'))
