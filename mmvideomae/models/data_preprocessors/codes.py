"""Batches of clips as codes, computed by a tokenizer on the device or read from files."""

from typing import Any

from torch import Tensor, nn

from mmvideomae.models.data_preprocessors.clips import ClipDataPreprocessor
from mmvideomae.ops.codes import Vocabulary, encode_frames
from mmvideomae.registry import MODELS, TOKENIZERS


@MODELS.register_module()
class CodeDataPreprocessor(ClipDataPreprocessor):
    """Masked clips for `VIMPAC`: pixels or codes -> codes int64 (B * R, T, h, w).

    Pixels are ``inputs`` uint8 (B, R, T, H, W, C), which the frozen tokenizer turns into codes;
    ``codes`` (B, R, T, h, w) from files are used as they are.  Frames marked in ``pad_mask``
    (B, R, T) become PAD, and no codes are computed for them.  The R clips of a video
    are adjacent; ``encoder_mask`` and ``replacement_ids`` (B, R, N) -> (B * R, N), and
    ``asked_ids`` (M,) lists the masked tokens that are not padding.

    The tokenizer is part of the model's weights, so a checkpoint contains everything that is
    needed to classify a video.

    Args:
        tokenizer: A tokenizer or its config; None if the data are codes.
        num_codes: Size of the vocabulary; by default that of the tokenizer, or 8192.
        chunk: Frames to tokenize at a time, which limits memory use.

    Raises:
        ValueError: The tokenizer's number of codes is not ``num_codes``.
    """

    def __init__(
        self,
        tokenizer: dict[str, Any] | nn.Module | None = None,
        num_codes: int | None = None,
        chunk: int = 32,
        non_blocking: bool = True,
    ) -> None:
        super().__init__((0.0, 0.0, 0.0), (255.0, 255.0, 255.0), non_blocking)
        built: Any = TOKENIZERS.build(tokenizer) if isinstance(tokenizer, dict) else tokenizer
        if built is not None:
            built.requires_grad_(False).eval()
            if num_codes not in (None, built.num_codes):
                raise ValueError(
                    f'num_codes is {num_codes}, but {type(built).__name__} has '
                    f'{built.num_codes}: omit num_codes'
                )
            num_codes = built.num_codes
        self.tokenizer, self.chunk = built, chunk
        self.vocabulary = Vocabulary(num_codes or 8192)
        self._fingerprint: str | None = None

    def init_weights(self) -> None:
        """Load the tokenizer's weights if its ``init_cfg`` names files."""
        if hasattr(self.tokenizer, 'init_weights'):
            self.tokenizer.init_weights()
            self.tokenizer.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> 'CodeDataPreprocessor':
        """Set training mode; the tokenizer stays in evaluation mode."""
        super().train(mode)
        if self.tokenizer is not None:
            self.tokenizer.eval()
        return self

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare the batch on the device for `VIMPAC.forward`."""
        batch: dict[str, Any] = {'inputs': self.to_codes(data).flatten(0, 1)}
        # Computed where the data are, to avoid waiting for the device.
        padding = self._padding(data)
        batch['padded'] = padding is not None and bool(padding.any())
        for key in ('encoder_mask', 'replacement_ids'):
            if key in data:
                batch[key] = self.cast_data(data[key]).flatten(0, 1)
        if 'encoder_mask' in data:
            asked = data['encoder_mask']
            if padding is not None:
                asked = asked & ~padding.repeat_interleave(asked.shape[2] // padding.shape[2], 2)
            batch['asked_ids'] = self.cast_data(asked.flatten().nonzero()[:, 0])
        if 'data_samples' in data:
            batch['data_samples'] = self.cast_data(data['data_samples'])
        return batch

    def to_codes(self, data: dict[str, Any]) -> Tensor:
        """Pixels or codes of a batch -> codes (B, R, T, h, w) int64 on the device.

        Raises:
            ValueError: There are pixels but no tokenizer; or codes are of another tokenizer,
                exceed the vocabulary or have the wrong number of dimensions.
        """
        if 'codes' in data:
            return self._of_files(data)
        if self.tokenizer is None:
            raise ValueError(
                'the batch has pixels, but the data preprocessor has no tokenizer: set '
                'model.data_preprocessor.tokenizer, or read codes with OpenCodes and ReadCodes'
            )
        clips = self.on_device({'inputs': data['inputs']})['inputs'].permute(0, 1, 3, 4, 5, 2)
        frames, padding = clips.flatten(0, 2), data.get('pad_mask')
        if padding is None or not padding.any():
            codes = encode_frames(self.tokenizer.encode, frames, self.chunk)
        else:
            real = self.cast_data((~padding).flatten().nonzero()[:, 0])
            found = encode_frames(self.tokenizer.encode, frames[real], self.chunk)
            codes = found.new_full((len(frames), *found.shape[1:]), self.vocabulary.pad)
            codes[real] = found
        return codes.unflatten(0, clips.shape[:3])

    def to_pixels(self, codes: Tensor) -> Tensor:
        """Codes (N, h, w) -> frames (N, 3, H, W) in [0, 1].

        Raises:
            ValueError: There is no tokenizer.
        """
        if self.tokenizer is None:
            raise ValueError('set model.data_preprocessor.tokenizer to turn codes into pixels')
        return self.tokenizer.decode(self.cast_data(codes))

    def _of_files(self, data: dict[str, Any]) -> Tensor:
        codes, padding = data['codes'], data.get('pad_mask')
        found = getattr(codes, 'shape', ())
        if len(found) != 5:
            raise ValueError(
                f'codes must have shape (B, R, T, h, w), not {tuple(found)}; end the pipeline '
                'with PackClips and collate with default_collate'
            )
        self._check(codes, data.get('data_samples') or [{}] * len(codes))
        codes = self.cast_data(codes).long()
        if padding is None:
            return codes
        return codes.masked_fill(self.cast_data(padding)[..., None, None], self.vocabulary.pad)

    def _check(self, codes: Tensor, samples: list[Any]) -> None:
        """Check that codes from files are those that the network has learned."""
        beyond = (codes < 0) | (codes >= self.vocabulary.num_codes)
        beyond &= codes != self.vocabulary.pad
        if beyond.any():
            video = int(beyond.flatten(1).any(1).nonzero()[0])
            raise ValueError(
                f'{_name(samples[video])} has the code {int(codes[beyond][0])}, but codes are 0 to '
                f'{self.vocabulary.num_codes - 1}: use files of this tokenizer'
            )
        if self._fingerprint is None and self.tokenizer is not None:
            self._fingerprint = self.tokenizer.fingerprint()
        for sample in samples:
            made_by = sample.get('tokenizer')
            if made_by is None:
                continue
            self._fingerprint = self._fingerprint or made_by
            if made_by != self._fingerprint:
                raise ValueError(
                    f'{_name(sample)} was encoded by the tokenizer {made_by}, but this model '
                    f'uses the tokenizer {self._fingerprint}: extract the codes again'
                )

    def _padding(self, data: dict[str, Any]) -> Tensor | None:
        """Which frames or tokens are padding, bool (B, R, T or N); None if it is not given."""
        padding = data.get('pad_mask')
        if 'codes' not in data:
            return padding
        found = (data['codes'] == self.vocabulary.pad).flatten(2)
        if padding is None:
            return found
        return found | padding.repeat_interleave(found.shape[2] // padding.shape[2], 2)


@MODELS.register_module()
class CodeClassificationPreprocessor(CodeDataPreprocessor):
    """Labelled clips for a recognizer: pixels or codes, as in `CodeDataPreprocessor`.

    In training -> ``inputs`` int64 (B * R, 1, T, h, w), with a data sample for each, as in
    `ClassificationDataPreprocessor`; otherwise (B, V, T, h, w).
    """

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare the batch on the device for `Recognizer3D.forward`."""
        codes = self.to_codes(data)
        samples = self.cast_data(data['data_samples'])
        if not training:
            return {'inputs': codes, 'data_samples': samples}
        repeated = [sample for sample in samples for _ in range(codes.shape[1])]
        return {'inputs': codes.flatten(0, 1)[:, None], 'data_samples': repeated}


def _name(sample: Any) -> str:
    """The name of a sample in messages."""
    name = sample.get('filename')
    return 'a video' if name is None else f'video {str(name)!r}'
