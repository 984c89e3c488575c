# AVA-Kinetics: AVA 2.2, and ten-second clips of Kinetics-700 with one annotated key frame each,
# in one list (tools/data/ava/README.md):
#   data/ava_kinetics/annotations/ava_kinetics_{train,val}.csv
#   data/ava_kinetics/boxes/val.json            detected persons
#   data/ava_kinetics/videos/ID_START_END.mp4   of Kinetics; the name has the source's seconds
#   data/ava_kinetics/videos/ID.mp4             of AVA, cut from second 900 on
_base_ = 'ava.py'

folder = 'data/ava_kinetics'
videos = dict(folder=f'{folder}/videos', start_second='name')

train_dataloader = dict(
    dataset=dict(
        ann_file=f'{folder}/annotations/ava_kinetics_train.csv',
        missing_videos='skip',  # some Kinetics videos are gone
        videos=videos,
    ),
)
val_dataloader = dict(
    dataset=dict(
        ann_file=f'{folder}/annotations/ava_kinetics_val.csv',
        proposal_file=f'{folder}/boxes/val.json',
        videos=videos,
    ),
)
test_dataloader = val_dataloader
