# AVA 2.2: person boxes and actions once a second, in the official files (tools/data/ava/README.md
# explains how to get and check them):
#   data/ava/annotations/ava_{train,val}_v2.2.csv
#   data/ava/annotations/ava_{train,val}_excluded_timestamps_v2.2.csv
#   data/ava/annotations/ava_action_list_v2.2_for_activitynet_2019.pbtxt   60 of the 80 classes
#   data/ava/boxes/ava_val_det_person_bbox.json     detected persons
#   data/ava/videos/ID.mp4                          cut from second 900 on
# All 80 classes are learned, and those in the label map are evaluated. For whole films, set
# start_second=0. For frames instead of videos, such as SlowFast's:
#   videos=dict(folder='data/ava/frames', filename_tmpl='{video}_{:06}.jpg', fps=30,
#               start_second=900)
# A clip is 16 frames, every fourth of the 64 around the key frame, at 25 frames per second
# regardless of the film's rate: the official code cuts the films into clips of that rate, so the
# frames cover 1.24 s before the key frame to 1.16 s after it. mmaction2 uses 30.
# The official code also trains on boxes outside the random crop, as lines at its edge; they are
# dropped here. ClipRandomCropBoxes(size=224, keep_outside=True) keeps them.
# Evaluation follows AVA's protocol; ava_kinetics_mmaction2.py has mmaction2's.
folder = 'data/ava'
label_map = f'{folder}/annotations/ava_action_list_v2.2_for_activitynet_2019.pbtxt'
num_classes = 80
videos = dict(folder=f'{folder}/videos', start_second=900)

train_dataloader = dict(
    batch_size=4,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
    dataset=dict(
        type='ActionBoxDataset',
        ann_file=f'{folder}/annotations/ava_train_v2.2.csv',
        label_map=label_map,
        num_classes=num_classes,
        excluded_file=f'{folder}/annotations/ava_train_excluded_timestamps_v2.2.csv',
        videos=videos,
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(type='SampleKeyFrameClip', clip_len=16, stride=4, phase=1, fps=25),
            read=dict(type='ReadFrames'),
            resize=dict(type='ClipResizeShortSide', short_side=256),
            crop=dict(type='ClipRandomCropBoxes', size=224),
            flip=dict(type='ClipFlip', prob=0.5),
            colour=dict(type='ClipColorJitterHSV', hue=20, saturation=0.1, value=0.1),
            pack=dict(type='PackActionBoxes'),
        ),
    ),
)
# Boxes below 0.8 are left out, as in the papers. To test on true boxes:
#   --cfg-options test_dataloader.dataset.boxes=truth
val_dataloader = dict(
    batch_size=4,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='pseudo_collate'),  # frames of a batch differ in size
    dataset=dict(
        type='ActionBoxDataset',
        ann_file=f'{folder}/annotations/ava_val_v2.2.csv',
        label_map=label_map,
        num_classes=num_classes,
        excluded_file=f'{folder}/annotations/ava_val_excluded_timestamps_v2.2.csv',
        proposal_file=f'{folder}/boxes/ava_val_det_person_bbox.json',
        min_box_score=0.8,
        missing_proposals='skip',  # a key frame without a box above 0.8 gets no prediction
        videos=videos,
        pipeline=dict(
            open=dict(type='OpenVideo', backend='auto'),
            sample=dict(type='SampleKeyFrameClip', clip_len=16, stride=4, phase=1, fps=25),
            read=dict(type='ReadFrames'),
            resize=dict(type='ClipResizeShortSide', short_side=256),
            pack=dict(type='PackActionBoxes'),
        ),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='FrameMAP', iou_threshold=0.5)
test_evaluator = dict(type='FrameMAP', iou_threshold=0.5, classwise=True)
