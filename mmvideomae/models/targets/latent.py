"""Features of a teacher, the target of MVD, AMD, UMT, SALT, V-JEPA and data2vec."""

import copy
import logging
from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.targets.target import Target
from mmvideomae.ops.teachers import (
    Momentum,
    Unregistered,
    attention_received,
    follow,
    weights_fingerprint,
    with_outputs,
)
from mmvideomae.ops.tokens import gather_tokens
from mmvideomae.registry import MODELS, TARGETS

NORMALISERS: dict[str, Callable[[Tensor, float], Tensor]] = {
    'none': lambda tokens, eps: tokens,
    'layer': lambda tokens, eps: F.layer_norm(tokens, tokens.shape[-1:], eps=eps),
    'channel': lambda tokens, eps: F.instance_norm(tokens.transpose(1, 2), eps=eps).transpose(1, 2),
    'l2': lambda tokens, eps: F.normalize(tokens, dim=-1),
}
"""'layer': every token over its channels; 'channel': every channel over the tokens of a clip;
'l2': tokens of unit length."""


@TARGETS.register_module()
class LatentTarget(Target):
    """Features of a teacher, which is frozen or an average of the encoder that is trained.

    A frozen teacher is any registered backbone, and its ``init_cfg`` says where its weights are.
    It is in no state dict, no optimizer and no gradient exchange, and is built only when training
    needs it; checkpoints hold its fingerprint, so a run resumes only with the same weights.

    Without a ``teacher``, the target comes from an exponential moving average of the pretrainer's
    own encoder.  It is saved in checkpoints (``target.teacher``) and updated by `TeacherHook`.

    The teacher runs in evaluation mode and in the precision of training; features are normalised
    in float32.  Its tokens must be those of the student: for another tubelet or patch size, set
    ``frame_stride`` or ``size``.

    Args:
        teacher: Config of a backbone, ``forward(clips) -> tokens or feature maps``; None for the
            moving average.
        momentum: Of the average: a number, or arguments of `Momentum`.
        layers: Blocks whose outputs are predicted, numbered from 1, or from -1 for the last; by
            default the output of the teacher, after its last norm.
        through: Names of the teacher's modules that are applied to these outputs in turn, such as
            its last norm and a projection.
        normalise: Of each layer's features: 'none', 'layer', 'channel' or 'l2'.
        average: None concatenates layers; otherwise, their mean is predicted, normalised like
            this.
        frame_stride: The teacher sees every ``frame_stride``-th frame of a clip.
        student_stride: The student sees every ``student_stride``-th frame.
        size: Side of the teacher's frames in pixels; by default that of the clip.
        mean: With ``std``, per channel in 0 to 255, if the teacher's normalisation is not that of
            the model's data preprocessor.
        per_frame: Pass the teacher single frames (n, C, H, W), as an image model needs.
        blocks: Name of the teacher's list of blocks.

    Raises:
        ValueError: A setting is unknown, or both or neither of ``teacher`` and ``momentum`` are
            given.
    """

    mixed_precision = True

    def __init__(
        self,
        tubelet_size: int,
        patch_size: int,
        teacher: dict[str, Any] | None = None,
        momentum: float | dict[str, Any] | None = None,
        layers: Sequence[int] = (),
        through: Sequence[str] = (),
        normalise: str = 'layer',
        average: str | None = None,
        frame_stride: int = 1,
        student_stride: int = 1,
        size: int | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        per_frame: bool = False,
        blocks: str = 'blocks',
        eps: float = 1e-6,
    ) -> None:
        super().__init__(tubelet_size, patch_size)
        if (teacher is None) == (momentum is None):
            raise ValueError('LatentTarget needs either a teacher or a momentum')
        for name in (normalise, *([] if average is None else [average])):
            if name not in NORMALISERS:
                raise ValueError(f'unknown normalisation {name!r}; one of {sorted(NORMALISERS)}')
        if (mean is None) != (std is None):
            raise ValueError('mean and std of a teacher belong together: set both or neither')
        self.layers, self.through, self.blocks = tuple(layers), tuple(through), blocks
        self.normalise, self.average, self.eps = normalise, average, eps
        self.frame_stride, self.stride = frame_stride, student_stride
        self.size, self.per_frame = size, per_frame
        self.shift = None if mean is None else torch.tensor(mean)[:, None, None, None] / 255
        self.scale = None if std is None else torch.tensor(std)[:, None, None, None] / 255
        self.config, self._frozen = teacher, Unregistered()
        self.momentum: Momentum | None = None
        if teacher is not None:
            with torch.device('meta'):
                self._set_dims(MODELS.build(teacher))
        else:
            settings = momentum if isinstance(momentum, dict) else {'start': momentum}
            self.momentum = Momentum(**settings)
            self._followed = False
            self.register_buffer('updates', torch.tensor(0))

    def attach(self, backbone: nn.Module) -> None:
        """See `Target.attach`: the moving average begins as a copy of the encoder."""
        if self.momentum is not None:
            self.teacher = copy.deepcopy(backbone).requires_grad_(False).eval()
            self._set_dims(self.teacher)

    def begin(self, backbone: nn.Module) -> None:
        """See `Target.begin`: before the first update, the average equals the encoder."""
        if self.momentum is not None:
            self._followed = True
            if not self.updates:
                follow(self.teacher, backbone, 0.0)

    def follow(self, backbone: nn.Module, progress: float) -> None:
        """See `Target.follow`: move the average towards the encoder."""
        if self.momentum is not None:
            follow(self.teacher, backbone, self.momentum(progress))
            self.updates += 1

    def init_weights(self) -> None:
        """Read the weights of a frozen teacher."""
        if self.momentum is None:
            self.network.init_weights()

    @property
    def network(self) -> nn.Module:
        """The teacher."""
        if self.momentum is not None:
            return self.teacher
        if self._frozen.module is None:
            config = self.config or {}
            if not (config.get('init_cfg') or config.get('pretrained')):
                # Not an error: a random network is a valid, if weak, teacher.
                message = 'The teacher of LatentTarget has random weights: it has no init_cfg'
                print_log(message, 'current', logging.WARNING)
            built = MODELS.build(config)
            self._frozen.module = built.eval().requires_grad_(False)
        return self._frozen.module

    @property
    def teacher_fingerprint(self) -> str | None:
        """Of the weights of a frozen teacher, which a resumed run needs again."""
        frozen = self.momentum is None
        return weights_fingerprint(self.network.state_dict()) if frozen else None

    def train(self, mode: bool = True) -> 'LatentTarget':
        """Set training mode; the teacher stays in evaluation mode."""
        super().train(mode)
        if self.momentum is not None:
            self.teacher.eval()
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
        # Moves and casts a frozen teacher too.
        if self._frozen.module is not None:
            self._frozen.module._apply(fn, recurse)
        return super()._apply(fn, recurse)

    def forward(
        self,
        clips: Tensor,
        token_ids: Tensor,
        to_unit_range: Callable[[Tensor], Tensor],
        seen_ids: Tensor | None = None,
    ) -> Tensor:
        """See `Target.forward`.

        Args:
            seen_ids: (B, n), ascending, the only tokens that the teacher sees (AMD); they include
                ``token_ids``.
        """
        features = self.features(clips, to_unit_range, seen_ids)
        if seen_ids is not None:
            token_ids = torch.searchsorted(seen_ids.contiguous(), token_ids)
        return gather_tokens(features, token_ids)

    @torch.no_grad()
    def features(
        self,
        clips: Tensor,
        to_unit_range: Callable[[Tensor], Tensor],
        seen_ids: Tensor | None = None,
    ) -> Tensor:
        """Normalised features of all tokens of clips (B, C, T, H, W), or of those seen: (B, N, P).

        Raises:
            ValueError: The teacher's tokens are not those of the student, or nothing updates the
                moving average.
        """
        if self.momentum is not None and self.training and not self._followed:
            raise ValueError(
                'nothing updates the moving average of LatentTarget: add '
                "default_hooks=dict(teacher=dict(type='TeacherHook')) to the config"
            )
        slots, height, width = self.grid(*clips.shape[2:])
        count = slots * height * width if seen_ids is None else seen_ids.shape[1]
        network, frames = self._network_on(clips.device), self._frames(clips, to_unit_range)
        seen = () if seen_ids is None else (seen_ids,)
        blocks: Any = network.get_submodule(self.blocks) if self.layers else ()
        output, levels = with_outputs(blocks, self.layers, lambda: network(frames, *seen))
        prefix = getattr(network, 'num_prefix_tokens', 0)
        levels = [_tokens(level, len(clips), count, prefix) for level in levels or [output]]
        for name in self.through:
            levels = [network.get_submodule(name)(level) for level in levels]
        with torch.autocast(clips.device.type, enabled=False):
            normalise = NORMALISERS[self.normalise]
            levels = [normalise(level.float(), self.eps) for level in levels]
            if self.average is None:
                return torch.cat(levels, -1)
            return NORMALISERS[self.average](torch.stack(levels).mean(0), self.eps)

    @torch.no_grad()
    def look(
        self, clips: Tensor, to_unit_range: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """`features`, and the attention (B, N) to each token in the teacher's last block.

        The last block needs an attention ``attn`` with a joint ``qkv``, as in our ViT and timm's.
        """
        network, kept = self.network, []
        blocks: Any = network.get_submodule(self.blocks)
        attention = blocks[-1].attn
        handle = attention.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0]))
        try:
            features = self.features(clips, to_unit_range)
        finally:
            handle.remove()
        prefix = getattr(network, 'num_prefix_tokens', 0)
        return features, attention_received(attention, kept[0], prefix).reshape(len(clips), -1)

    def _network_on(self, device: torch.device) -> nn.Module:
        """The teacher on the device of the clips, to which a frozen one first has to be moved."""
        network = self.network
        first = next(network.parameters(), None)
        return network if first is None or first.device == device else network.to(device)

    def _frames(self, clips: Tensor, to_unit_range: Callable[[Tensor], Tensor]) -> Tensor:
        """The teacher's input: its frames, at its size and with its normalisation."""
        frames = clips[:, :, :: self.frame_stride]
        if self.size is not None and frames.shape[3:] != (self.size, self.size):
            flat = frames.transpose(1, 2).flatten(0, 1)
            flat = F.interpolate(flat, (self.size, self.size), mode='bicubic', antialias=True)
            frames = flat.unflatten(0, (len(clips), -1)).transpose(1, 2)
        if self.shift is not None and self.scale is not None:
            pixels = to_unit_range(frames.movedim(1, -1)).movedim(-1, 1)
            frames = (pixels - self.shift.to(pixels)) / self.scale.to(pixels)
        return frames.transpose(1, 2).flatten(0, 1) if self.per_frame else frames

    def _set_dims(self, network: Any) -> None:
        """Values per token: the width of the teacher, or of its last module of ``through``."""
        width = network.embed_dims
        for name in self.through:
            width = getattr(network.get_submodule(name), 'out_features', width)
        self.dims = width * (max(len(self.layers), 1) if self.average is None else 1)


def _tokens(output: Tensor, batch: int, count: int, prefix: int) -> Tensor:
    """An output of a teacher -> (B, N, D).

    Args:
        output: Tokens (B, N, D), frame by frame (B * T, N / T, D), each perhaps after ``prefix``
            other tokens, or maps (B, D, t, h, w) or (B * T, D, h, w).

    Raises:
        ValueError: There are more or fewer than N = ``count`` tokens in a clip.
    """
    tokens = output.flatten(2).transpose(1, 2) if output.ndim > 3 else output
    frames = len(tokens) // batch
    each = count // frames
    if each * frames != count or tokens.shape[1] not in (each, each + prefix):
        raise ValueError(
            f'the teacher has {frames * tokens.shape[1]} tokens for each clip, but the student '
            f'{count}: set frame_stride or size of LatentTarget so that their grids are equal'
        )
    return tokens[:, -each:].reshape(batch, count, -1)
