"""What plain transformers over space-time cubes share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.models.layers.patch_embed import CubeEmbed
from mmvideomae.ops.positions import Grid

OUT_TYPES = ('tokens', 'avg', 'featmap')


class Arch(NamedTuple):
    """Depth and widths of a vision transformer."""

    embed_dims: int
    depth: int
    num_heads: int
    mlp_ratio: float = 4.0


def resolve_arch(arch: str | Mapping[str, Any], presets: Mapping[str, Arch]) -> Arch:
    """A preset by its name, or an ``Arch`` with the entries of a mapping."""
    if not isinstance(arch, str):
        return Arch(**arch)
    if arch not in presets:
        raise ValueError(f'unknown arch {arch!r}; choose one of {sorted(presets)} or give a dict')
    return presets[arch]


class CubeTransformer(BaseModule):
    """A transformer over space-time cubes whose output has one of ``OUT_TYPES``.

    It embeds cubes and knows their grid; a subclass adds ``blocks``, positions, norms and
    ``forward``.

    Args:
        arch: Depth and widths.
        img_size: Side in pixels, or (height, width), of the clips that it is made for.
        num_frames: Frames of these clips.
        out_type: 'tokens', 'avg' or 'featmap'.
        frozen: Disable gradients and drop path, for example under a linear probe; the subclass
            calls `freeze` once it is complete.
    """

    blocks: nn.ModuleList

    def __init__(
        self,
        arch: Arch,
        img_size: int | tuple[int, int],
        patch_size: int,
        num_frames: int,
        tubelet_size: int,
        in_channels: int,
        out_type: str,
        frozen: bool,
        init_cfg: dict[str, Any] | None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if out_type not in OUT_TYPES:
            raise ValueError(f'unknown out_type {out_type!r}; choose one of {OUT_TYPES}')
        self.arch, self.embed_dims, self.frozen = arch, arch.embed_dims, frozen
        self.patch_size, self.tubelet_size, self.out_type = patch_size, tubelet_size, out_type
        height, width = (img_size, img_size) if isinstance(img_size, int) else img_size
        self.grid_size = self.grid_of(num_frames, height, width)
        self.patch_embed = CubeEmbed(in_channels, self.embed_dims, tubelet_size, patch_size)

    def freeze(self) -> None:
        """Disable gradients if the encoder is frozen."""
        if self.frozen:
            self.requires_grad_(False)

    def train(self, mode: bool = True) -> 'CubeTransformer':
        """Set training mode; a frozen encoder stays in evaluation mode."""
        return super().train(mode and not self.frozen)

    def grid_of(self, frames: int, height: int, width: int) -> Grid:
        """The token grid (t, h, w) of a clip.

        Raises:
            ValueError: It does not divide into cubes.
        """
        cube = (self.tubelet_size, self.patch_size, self.patch_size)
        if any(
            side % part or side < part
            for side, part in zip((frames, height, width), cube, strict=True)
        ):
            raise ValueError(
                f'{frames} frames of {height}x{width} pixels do not divide into cubes of {cube[0]} '
                f'frames of {cube[1]}x{cube[2]} pixels'
            )
        return frames // cube[0], height // cube[1], width // cube[2]

    def require_all_tokens(self, visible_ids: Tensor | None) -> None:
        """Refuse to make a feature map of a part of the tokens."""
        if self.out_type == 'featmap' and visible_ids is not None:
            raise ValueError('a feature map needs all tokens: omit visible_ids')

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Layer of a parameter for layer-wise learning-rate decay.

        Returns:
            (layer, layers): 0 for embeddings, k + 1 for block k and the last
            layer, depth + 1, for the rest; ``layers`` is depth + 2.
        """
        layers = len(self.blocks) + 2
        name = param_name.removeprefix(prefix)
        if name.startswith(('patch_embed', 'pos_embed')):
            return 0, layers
        if name.startswith('blocks.'):
            return int(name.split('.')[1]) + 1, layers
        return layers - 1, layers
