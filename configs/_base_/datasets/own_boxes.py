# Your own videos with person boxes and actions. tools/data/ava/init.py makes the folder from a CSV
# file, with a config in it that overrides the paths below:
#   data/boxes/{train,val}.csv                  lines 'video,second,x1,y1,x2,y2,class,person'
#   data/boxes/label_map.pbtxt                  numbers and names of the classes
#   data/boxes/videos.csv                       path of each video
#   data/boxes/{train,val}_proposals.pkl        boxes to test on
# Clips have 8 frames around the key frame, 0.1 seconds apart regardless of the frame rate.
# Nothing is mirrored, since left and right may be different classes.
folder = 'data/boxes'
label_map = f'{folder}/label_map.pbtxt'
videos = dict(table=f'{folder}/videos.csv')

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='ActionBoxDataset',
        ann_file=f'{folder}/train.csv',
        label_map=label_map,
        videos=videos,
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(type='SampleKeyFrameClip', clip_len=8, stride=2, phase=1, fps=20),
            read=dict(type='ReadFrames'),
            resize=dict(type='ClipResizeShortSide', short_side=96),
            crop=dict(type='ClipRandomCropBoxes', size=96),
            pack=dict(type='PackActionBoxes'),
        ),
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
        ann_file=f'{folder}/val.csv',
        label_map=label_map,
        proposal_file=f'{folder}/val_proposals.pkl',
        min_box_score=0.8,
        missing_proposals='skip',
        videos=videos,
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(type='SampleKeyFrameClip', clip_len=8, stride=2, phase=1, fps=20),
            read=dict(type='ReadFrames'),
            resize=dict(type='ClipResizeShortSide', short_side=96),
            pack=dict(type='PackActionBoxes'),
        ),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='FrameMAP')
test_evaluator = dict(type='FrameMAP', classwise=True)
