"""Draw the tokens that the encoder does not see and those to reconstruct."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.masking import BertNoise, BlockMask, MaskGenerator, NestedTubeMask
from mmvideomae.registry import MASK_GENERATORS, TRANSFORMS


@TRANSFORMS.register_module()
class GenerateMasks(BaseTransform):
    """Draw masks for each clip, and list its tokens if all masks have the same count.

    Padding is never hidden.

    Required Keys:

    - imgs (optional): the clip, for mask generators that use it
    - num_clips (optional): ``R``, the number of clips with separate masks; 1 if absent
    - pad_mask (optional): bool ``(R, T)``, frames that are padding

    Added Keys, for several clips with a first axis of length ``R``:

    - encoder_mask: bool ``(t, h, w)``, True where the encoder does not see
    - decoder_mask: bool ``(t, h, w)``, True where the decoder does not reconstruct;
      absent without ``decoder``
    - second_encoder_mask, second_visible_ids, second_query_ids: the same of ``second``
    - teacher_mask, teacher_ids: bool ``(t, h, w)``, True where the teacher does not see, and the
      tokens that it sees, int64 ``(m,)``; only of a `NestedTubeMask`
    - visible_ids, query_ids: int64 ``(n,)`` and ``(M,)``, ascending, the tokens that the encoder
      sees and those that the decoder reconstructs; absent if their number varies between
      masks, as with padded clips
    - replacement_ids: int64 ``(t, h, w)``, the network's input at hidden tokens, see
      `BertNoise`; absent without ``noise``

    Args:
        grid_size: Token grid ``(t, h, w)``.
        encoder: Config of a mask generator, without its grid.
        decoder: The same for the decoder; None: it reconstructs all hidden tokens.
        second: Config of another mask of the encoder, for models that see each clip under two
            masks; the tokens that it hides are reconstructed from the others.
        noise: Config of `BertNoise`; None: every hidden code becomes the mask code.

    Raises:
        ValueError: The encoder's mask hides nothing, or noise per block is used with a mask
            without blocks.
    """

    def __init__(
        self,
        grid_size: Sequence[int],
        encoder: dict[str, Any],
        decoder: dict[str, Any] | None = None,
        noise: dict[str, Any] | None = None,
        second: dict[str, Any] | None = None,
    ) -> None:
        self.grid_size = tuple(grid_size)
        configs = {
            'encoder_mask': encoder,
            'decoder_mask': decoder,
            'second_encoder_mask': second,
        }
        self.generators: dict[str, MaskGenerator] = {
            key: MASK_GENERATORS.build({**config, 'grid_size': self.grid_size})
            for key, config in configs.items()
            if config is not None
        }
        self.noise: BertNoise | None = None if noise is None else MASK_GENERATORS.build(noise)
        hiding = self.generators['encoder_mask']
        if hiding.num_masked == 0:
            raise ValueError(
                f'{hiding} hides no token, so there is nothing to reconstruct: increase ratio '
                f'(the papers use 0.75 to 0.95)'
            )
        if self.noise and self.noise.per == 'block' and not isinstance(hiding, BlockMask):
            raise ValueError(f"{self.noise} needs a BlockMask, got {hiding}: set per='token'")

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        # One generator object per sample, seeded from the sample's own randomness.
        rng = np.random.default_rng(np.random.randint(2**32, size=4, dtype=np.uint32))
        count = len(results['pad_mask']) if 'pad_mask' in results else results.get('num_clips', 1)
        imgs, padding = results.get('imgs'), self._padding(results, count)
        shown = [None] * count if imgs is None else imgs.reshape(count, -1, *imgs.shape[-3:])
        clips = [self._draw(rng, clip, pads) for clip, pads in zip(shown, padding, strict=True)]
        for key in clips[0]:
            results[key] = np.stack([clip[key] for clip in clips]) if count > 1 else clips[0][key]
        if 'pad_mask' not in results:
            self._list_tokens(results)
        return results

    def _padding(self, results: dict[str, Any], count: int) -> np.ndarray:
        """Slots in which all frames are padding -> (R, t, 1, 1)."""
        if 'pad_mask' not in results:
            return np.zeros((count, 1, 1, 1), bool)
        frames, slots = results['pad_mask'].shape[1], self.grid_size[0]
        if frames % slots:
            raise ValueError(f'masks of {slots} slots do not fit clips of {frames} frames')
        return results['pad_mask'].reshape(count, slots, 1, -1).all(-1, keepdims=True)

    def _draw(
        self, rng: np.random.Generator, clip: np.ndarray | None, padding: np.ndarray
    ) -> dict[str, np.ndarray]:
        """The masks of one clip, and the replacements of hidden codes."""
        drawn: dict[str, np.ndarray] = {}
        encoder, noise = self.generators['encoder_mask'], self.noise
        if noise and isinstance(encoder, BlockMask):
            blocks = encoder.draw_blocks(rng)
            drawn['encoder_mask'] = encoder.cover(blocks) & ~padding
            drawn['replacement_ids'] = noise(rng, drawn['encoder_mask'], blocks)
        else:
            if isinstance(encoder, NestedTubeMask):
                mask, drawn['teacher_mask'] = encoder.draw_pair(rng)
            else:
                mask = encoder(rng, clip)
            drawn['encoder_mask'] = mask & ~padding
            if noise:
                drawn['replacement_ids'] = noise(rng, drawn['encoder_mask'])
        if 'decoder_mask' in self.generators:
            drawn['decoder_mask'] = self.generators['decoder_mask'](rng, clip) | padding
        if 'second_encoder_mask' in self.generators:
            again = self.generators['second_encoder_mask'](rng, clip)
            drawn['second_encoder_mask'] = again & ~padding
        return drawn

    def _list_tokens(self, results: dict[str, Any]) -> None:
        """List the tokens of masks that all have the same count."""
        decoded = 'decoder_mask' if 'decoder_mask' in self.generators else 'encoder_mask'
        hidden = decoded == 'encoder_mask'  # hidden tokens are the queried ones
        for ids, key, value in (
            ('visible_ids', 'encoder_mask', False),
            ('query_ids', decoded, hidden),
            ('second_visible_ids', 'second_encoder_mask', False),
            ('second_query_ids', 'second_encoder_mask', True),
            ('teacher_ids', 'teacher_mask', False),
        ):
            generator = self.generators.get(key, self.generators['encoder_mask'])
            if key in results and generator.num_masked is not None:
                masks = results[key].reshape(-1, *self.grid_size)
                found = np.stack([np.flatnonzero(mask == value) for mask in masks])
                results[ids] = found if results[key].ndim > len(self.grid_size) else found[0]

    def __repr__(self) -> str:
        parts = [*self.generators.values(), *filter(None, [self.noise])]
        return f'{type(self).__name__}({", ".join(map(repr, parts))})'
