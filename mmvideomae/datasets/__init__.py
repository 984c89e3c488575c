"""Turn videos and annotations into sample dicts."""

from mmvideomae.datasets.action_box_dataset import ActionBoxDataset
from mmvideomae.datasets.feature_dataset import FeatureDataset
from mmvideomae.datasets.samplers import EpochSampler
from mmvideomae.datasets.video_list_dataset import VideoListDataset
from mmvideomae.datasets.video_window_dataset import VideoWindowDataset

__all__ = [
    'ActionBoxDataset',
    'EpochSampler',
    'FeatureDataset',
    'VideoListDataset',
    'VideoWindowDataset',
]
