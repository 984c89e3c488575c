# AVA-Kinetics and AVA 2.2 as mmaction2 prepares and reads them: frames of both in one folder, and
# dense proposals from Facebook's detector, also for training.
#   data/ava_kinetics/rawframes/{ID,ID_START_END}/img_00001.jpg   30 per second
#   data/ava_kinetics/annotations/ava_{train,val}_v2.2.csv and their companion files
#   data/ava_kinetics/annotations/ava_dense_proposals_{train,val}.FAIR.recall_93.9.pkl
# In training, frames are shifted by up to half a stride, and crops have the full 256 pixels.
# Evaluation ignores scores up to 0.002 and key frames without a true box of an evaluated class.
_base_ = 'ava.py'

folder = 'data/ava_kinetics/annotations'
label_map = f'{folder}/ava_action_list_v2.2_for_activitynet_2019.pbtxt'
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
        ann_file=f'{folder}/ava_train_v2.2.csv',
        label_map=label_map,
        excluded_file=f'{folder}/ava_train_excluded_timestamps_v2.2.csv',
        proposal_file=f'{folder}/ava_dense_proposals_train.FAIR.recall_93.9.pkl',
        min_box_score=0.9,
        missing_proposals='skip',
        missing_videos='skip',  # some Kinetics videos are gone
        videos=videos,
        pipeline=dict(
            sample=dict(phase=0, fps=None, jitter=True),
            resize=dict(short_side=(256, 320)),
            crop=dict(size=256),
            colour=None,
        ),
    ),
)
val_dataloader = dict(
    dataset=dict(
        ann_file=f'{folder}/ava_val_v2.2.csv',
        label_map=label_map,
        excluded_file=f'{folder}/ava_val_excluded_timestamps_v2.2.csv',
        proposal_file=f'{folder}/ava_dense_proposals_val.FAIR.recall_93.9.pkl',
        min_box_score=0.9,
        missing_proposals='best',
        videos=videos,
        pipeline=dict(sample=dict(phase=0, fps=None)),
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(action_threshold=0.002, ignore_empty=True)
test_evaluator = dict(action_threshold=0.002, ignore_empty=True)
