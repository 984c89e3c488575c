# EPIC-Kitchens-100, nouns: 300 classes, of which a few have no segment.
# tools/data/prepare_segments.py --set epic-noun writes the annotation.
_base_ = 'epic100_verb_features.py'

annotation = dict(
    ann_file='data/epic100/noun/annotation.json',
    classes='data/epic100/noun/classes.txt',
    num_classes=300,
)
train_dataloader = dict(dataset=annotation)
val_dataloader = dict(dataset=annotation)
test_dataloader = val_dataloader
