"""Video encoders of Hugging Face's transformers as backbones."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mmvideomae.models.layers.foreign_encoder import ForeignEncoder
from mmvideomae.ops.frame_preparation import FramePreparation
from mmvideomae.registry import MODELS

# Numbers of PIL's filters in the files of processors.
_FILTERS = {2: 'bilinear', 3: 'bicubic'}
# Entries that give the number of frames, and the side of a frame.
_FRAMES, _SIDES = ('num_frames', 'frames_per_clip'), ('image_size', 'crop_size')
# These take any number of frames.
_ANY_FRAMES = ('vjepa2',)


@MODELS.register_module()
class HFVideoBackbone(ForeignEncoder):
    """A video encoder of `transformers`: V-JEPA 2, VideoMAE, TimeSformer, ViViT and the like.

    Clips (B, C, T, H, W) -> by ``out_type``: ``'tokens'`` (B, N, D), its last hidden state, or
    ``'avg'`` (B, D), the mean of the tokens.  Frames are prepared as its processor says.

    Args:
        source: A folder, an id on the Hugging Face hub, or entries of a configuration with
            ``model_type``, which has no weights.
        pretrained: Read the weights of the folder or id; False: random ones.
        processor: Entries of the processor, such as ``image_mean``, that override its file; needed
            if a folder has none.
        frozen: Disable gradients and dropout, for example under a probe.

    Raises:
        ValueError: There are no weights, no processor, or no video encoder under this name.
    """

    def __init__(
        self,
        source: str | dict[str, Any],
        pretrained: bool = True,
        processor: dict[str, Any] | None = None,
        out_type: str = 'tokens',
        frozen: bool = False,
    ) -> None:
        if out_type not in ('tokens', 'avg'):
            raise ValueError(f"out_type must be 'tokens' or 'avg', got {out_type!r}")
        if pretrained and not isinstance(source, str):
            raise ValueError(
                'a configuration has no weights: name a folder or id, or set pretrained=False for '
                'random weights'
            )
        model = _network(source)
        config = model.config
        frames = _first(config, _FRAMES)
        if frames is None:
            raise ValueError(
                f'{config.model_type} is not a video encoder: for images, use TimmFrameBackbone'
            )
        entries = _processor_of(source, config) | (processor or {})
        prepared = _preparation(entries, _side(_first(config, _SIDES)))
        super().__init__(model, config.hidden_size, frames, prepared, frozen)
        self.source, self.pretrained, self.out_type = source, pretrained, out_type

    def init_weights(self) -> None:
        """Read the weights, unless they are to be random.

        Raises:
            ValueError: There are none under the name.
        """
        if not self.pretrained:
            return
        from transformers import AutoModel

        try:
            found = AutoModel.from_pretrained(self.source, config=self.model.config)
        except OSError as error:
            raise _unavailable(self.source, error) from error
        self.model.load_state_dict(found.state_dict())

    def forward(self, clips: Tensor) -> Tensor:
        """Encode normalised clips.

        Raises:
            ValueError: They have another size or number of frames than the encoder takes.
        """
        self.require_size(clips)
        kind, frames = self.model.config.model_type, clips.shape[2]
        if kind not in _ANY_FRAMES and frames != self.num_frames:
            raise ValueError(f'{kind} takes {self.num_frames} frames, not {frames}')
        # Its predictor predicts tokens that are already known here.
        options = {'skip_predictor': True} if kind == 'vjepa2' else {}
        inputs = {self.model.main_input_name: clips.transpose(1, 2)}
        tokens = self.model(**inputs, **options).last_hidden_state
        return tokens.mean(1) if self.out_type == 'avg' else tokens


def _network(source: str | Mapping[str, Any]) -> Any:
    """The network, with random weights."""
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError as error:
        raise ValueError('HFVideoBackbone needs transformers: pip install transformers') from error
    if not isinstance(source, str):
        return AutoModel.from_config(AutoConfig.for_model(**source))
    try:
        return AutoModel.from_config(AutoConfig.from_pretrained(source))
    except OSError as error:
        raise _unavailable(source, error) from error


def _unavailable(source: Any, error: Exception) -> ValueError:
    reason = ' '.join(str(error).split())
    return ValueError(f'transformers cannot load {source}: {reason}')


def _processor_of(source: str | Mapping[str, Any], config: Any) -> dict[str, Any]:
    """The entries of the processor's file; for a configuration, those of its class."""
    from transformers import AutoImageProcessor, AutoVideoProcessor
    from transformers.models.auto.video_processing_auto import VIDEO_PROCESSOR_MAPPING

    if not isinstance(source, str):
        kind = VIDEO_PROCESSOR_MAPPING.get(type(config), None)
        if isinstance(kind, Mapping):  # in later versions, there is one for each way to decode
            kind = kind.get('torchvision')
        return kind().to_dict() if kind else {}
    try:
        return AutoVideoProcessor.from_pretrained(source).to_dict()
    except (OSError, ValueError):
        pass  # older folders have that of images
    try:
        return AutoImageProcessor.from_pretrained(source).to_dict()
    except (OSError, ValueError):
        return {}


def _preparation(entries: Mapping[str, Any], size: int) -> FramePreparation:
    """The preparation of frames by a processor, scaled to the size of the encoder."""
    needed = ('image_mean', 'image_std', 'size')
    if missing := [name for name in needed if entries.get(name) is None]:
        raise ValueError(
            f'the processor of the encoder does not say {", ".join(missing)}: set them with '
            'processor=dict(...)'
        )
    short, crop = _side(entries['size']), _side(entries.get('crop_size') or entries['size'])
    scale = 1 / entries.get('rescale_factor', 1 / 255) if entries.get('do_rescale', True) else 1.0
    resample = entries.get('resample', 2)
    if resample not in _FILTERS:
        raise ValueError(f'resample={resample} of the processor is neither bilinear nor bicubic')
    mean, std = (tuple(scale * value for value in entries[f'image_{n}']) for n in ('mean', 'std'))
    return FramePreparation(size, int(short * size / crop), _FILTERS[resample], mean, std)


def _side(size: Any) -> int:
    """The side of a square, or the short side, in any of the ways in which files write it."""
    if isinstance(size, Mapping):
        size = next(size[name] for name in ('shortest_edge', 'height') if name in size)
    return int(size[0] if isinstance(size, list | tuple) else size)


def _first(config: Any, names: tuple[str, ...]) -> Any:
    found = (getattr(config, name, None) for name in names)
    return next((value for value in found if value is not None), None)
