# AVA-Kinetics and AVA 2.2 as mmaction2 prepares and reads them: frames of both in one folder, and
# dense proposals of Facebook's detector, for training as well.
#   data/ava_kinetics/rawframes/{ID,ID_START_END}/img_00001.jpg   30 per second
#   data/ava_kinetics/annotations/ava_{train,val}_v2.2.csv and what goes with them
#   data/ava_kinetics/annotations/ava_dense_proposals_{train,val}.FAIR.recall_93.9.pkl
# Frames are moved by up to half a stride in training. The whole 256 pixels are cropped. Scores up
# to 0.002 and key frames without a true box of the evaluated classes are not evaluated.
_base_ = 'ava.py'

train_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleKeyFrameClip', clip_len=16, stride=4, phase=0, jitter=True),
    dict(type='ReadFrames'),
    dict(type='ClipResizeShortSide', short_side=(256, 320)),
    dict(type='ClipRandomCropBoxes', size=256),
    dict(type='ClipFlip', prob=0.5),
    dict(type='PackActionBoxes'),
]
val_pipeline = [
    dict(type='OpenVideo'),
    dict(type='SampleKeyFrameClip', clip_len=16, stride=4, phase=0),
    dict(type='ReadFrames'),
    dict(type='ClipResizeShortSide', short_side=256),
    dict(type='PackActionBoxes'),
]
videos = dict(
    folder='data/ava_kinetics/rawframes',
    filename_tmpl='img_{:05}.jpg',
    start_index=1,
    fps=30,
    start_second='name',
)

train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        ann_file='data/ava_kinetics/annotations/ava_train_v2.2.csv',
        label_map='data/ava_kinetics/annotations/ava_action_list_v2.2_for_activitynet_2019.pbtxt',
        excluded_file=('data/ava_kinetics/annotations/ava_train_excluded_timestamps_v2.2.csv'),
        proposal_file=(
            'data/ava_kinetics/annotations/ava_dense_proposals_train.FAIR.recall_93.9.pkl'
        ),
        min_box_score=0.9,
        missing_proposals='skip',
        missing_videos='skip',  # some of Kinetics are gone
        videos=videos,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        ann_file='data/ava_kinetics/annotations/ava_val_v2.2.csv',
        label_map='data/ava_kinetics/annotations/ava_action_list_v2.2_for_activitynet_2019.pbtxt',
        excluded_file='data/ava_kinetics/annotations/ava_val_excluded_timestamps_v2.2.csv',
        proposal_file=(
            'data/ava_kinetics/annotations/ava_dense_proposals_val.FAIR.recall_93.9.pkl'
        ),
        min_box_score=0.9,
        missing_proposals='best',
        videos=videos,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(action_threshold=0.002, ignore_empty=True)
test_evaluator = dict(action_threshold=0.002, ignore_empty=True)
