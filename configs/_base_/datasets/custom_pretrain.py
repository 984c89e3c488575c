# Any folder of videos, searched recursively; no list is needed. Another folder by
#   --cfg-options train_dataloader.dataset.sources.0.folder=/path/to/videos
# 75 % of the tokens are masked, as on the paper's small sets.
_base_ = 'kinetics400_pretrain.py'

train_pipeline = _base_.train_pipeline
train_pipeline[3].transforms[1].encoder.ratio = 0.75

train_dataloader = dict(
    dataset=dict(
        sources=[dict(folder='data/custom/videos')],
        pipeline=train_pipeline,
    ),
)
