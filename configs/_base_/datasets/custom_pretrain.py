# Any folder of videos, searched recursively; no list is needed. Another folder by
#   --cfg-options train_dataloader.dataset.sources.0.folder=/path/to/videos
_base_ = 'kinetics400_pretrain.py'

train_dataloader = dict(
    dataset=dict(sources=[dict(folder='data/custom/videos')]),
)
