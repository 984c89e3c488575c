# ActivityNet-1.3: features of tools/misc/extract_features.py (16 consecutive frames, one every 16),
# stretched or shrunk to 192 steps as those of FineAction; their sidecars give the frame rate of
# each video. The names in the annotation lack the v_ of the files. A leaf sets feature_dir and
# features.width.
_base_ = 'fineaction_features.py'

dataset = dict(
    ann_file='data/activitynet/activity_net.v1-3.min.json',
    feature_dir='data/activitynet/features/videomaev2-giant',
    feature_name='v_{}.npy',
    features=dict(_delete_=True, stride=16, window=16, width=1408),
    num_classes=200,
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
