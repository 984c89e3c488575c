# HACS: segments of 200 classes. Features cover 32 frames, one every 8 frames, at 15 frames per
# second. tools/data/prepare_segments.py --set activitynet, whose layout HACS has, writes the
# annotation. A leaf sets feature_dir and features.width.
_base_ = 'activitynet_features.py'

features = dict(stride=8, window=32, fps=15.0)
dataset = dict(
    ann_file='data/hacs/annotation.json',
    feature_name='{}.npy',
    features=features,
    classes='data/hacs/classes.txt',
)
whole = dict(resample=None)
train_dataloader = dict(dataset=dict(dataset, pipeline=whole))
val_dataloader = dict(dataset=dict(dataset, pipeline=whole))
test_dataloader = val_dataloader
