# Your own videos with boxes of persons and their actions. tools/data/ava/init.py makes the folder
# of a CSV file, with a config beside that overrides the paths below:
#   data/boxes/{train,val}.csv                  lines 'video,second,x1,y1,x2,y2,class,person'
#   data/boxes/label_map.pbtxt                  numbers and names of the classes
#   data/boxes/videos.csv                       where each video lies
#   data/boxes/{train,val}_proposals.pkl        boxes to test on
# 8 frames, 0.1 seconds apart, around the key frame, whatever the frame rate of the video.
# Nothing is mirrored, since left and right may be classes.
train_pipeline = [
    dict(type='OpenVideo', backend='auto'),
    dict(type='SampleKeyFrameClip', clip_len=8, stride=2, phase=1, fps=20),
    dict(type='ReadFrames'),
    dict(type='ClipResizeShortSide', short_side=96),
    dict(type='ClipRandomCropBoxes', size=96),
    dict(type='PackActionBoxes'),
]
val_pipeline = [
    dict(type='OpenVideo', backend='auto'),
    dict(type='SampleKeyFrameClip', clip_len=8, stride=2, phase=1, fps=20),
    dict(type='ReadFrames'),
    dict(type='ClipResizeShortSide', short_side=96),
    dict(type='PackActionBoxes'),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='ActionBoxDataset',
        ann_file='data/boxes/train.csv',
        label_map='data/boxes/label_map.pbtxt',
        videos=dict(table='data/boxes/videos.csv'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type='ActionBoxDataset',
        ann_file='data/boxes/val.csv',
        label_map='data/boxes/label_map.pbtxt',
        proposal_file='data/boxes/val_proposals.pkl',
        min_box_score=0.8,
        missing_proposals='skip',
        videos=dict(table='data/boxes/videos.csv'),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='FrameMAP')
test_evaluator = dict(type='FrameMAP', classwise=True)
