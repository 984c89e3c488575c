"""Neural network parts and the models composed of them."""

from mmvideomae.models.backbones import *  # noqa: F403
from mmvideomae.models.data_preprocessors import *  # noqa: F403
from mmvideomae.models.detectors import *  # noqa: F403
from mmvideomae.models.heads import *  # noqa: F403
from mmvideomae.models.localizers import *  # noqa: F403
from mmvideomae.models.necks import *  # noqa: F403
from mmvideomae.models.pretrainers import *  # noqa: F403
from mmvideomae.models.recognizers import *  # noqa: F403
from mmvideomae.models.targets import *  # noqa: F403
from mmvideomae.models.tokenizers import *  # noqa: F403
