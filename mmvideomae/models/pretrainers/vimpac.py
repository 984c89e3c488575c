"""VIMPAC: masked token prediction and contrastive learning on codes of a tokenizer."""

from typing import Any, NamedTuple

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.pretrainers.masked import ReconstructionOutput, built
from mmvideomae.ops.codes import require_same_vocabulary
from mmvideomae.ops.distributed import mean_over_processes
from mmvideomae.registry import MODELS, TARGETS

CONTRAST_INPUTS = ('masked', 'intact')
_NO_MASK = 'VIMPAC needs an encoder_mask: end the pipeline with GenerateMasks and PackClips'


class EncodedClips(NamedTuple):
    """The inputs of the heads."""

    tokens: Tensor | None
    """(B, N, D) of the masked clips; None without a head for them."""
    cls: Tensor | None
    """(B, D) of the clips to compare; None without a contrastive head."""


@MODELS.register_module()
class VIMPAC(BaseModel):
    """Predict masked codes and which two clips are of the same video (VIMPAC section 3).

    The loss is ``loss_masked + loss_contrast``, the mean cross entropy at masked tokens and
    ``alpha * temperature * (L + L')``.  Both span all processes, so training with several
    processes equals training with one process that has all of their clips.

    The backbone alone sets the width and the vocabulary, which the heads adopt.

    Args:
        backbone: Encoder of codes, ``forward(codes) -> CodeFeatures``.
        head: `MaskedCodeHead`; None trains by contrast alone.
        contrast: `ContrastiveHead`; None trains by masks alone.
        target: Config of a `CodeTarget`.
        alpha: Weight of the contrastive loss; 0 leaves out the contrastive head.
        contrast_input: 'masked', the clips that are also predicted; or 'intact', the clips
            without a mask, which costs a second pass through the encoder (Table 12).

    Raises:
        ValueError: Both heads are None, or a value is out of range.
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        head: dict[str, Any] | None = None,
        contrast: dict[str, Any] | None = None,
        target: dict[str, Any] | None = None,
        alpha: float = 1.0,
        contrast_input: str = 'masked',
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        preprocessor = built(data_preprocessor or {'type': 'CodeDataPreprocessor'})
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        num_codes = preprocessor.vocabulary.num_codes
        if contrast_input not in CONTRAST_INPUTS:
            raise ValueError(f'unknown contrast_input {contrast_input!r}; one of {CONTRAST_INPUTS}')
        if alpha < 0:
            raise ValueError(f'alpha must not be negative, got {alpha}')
        contrast = contrast if alpha else None
        if head is None and contrast is None:
            raise ValueError('VIMPAC needs a head, or contrast with a positive alpha')
        if isinstance(backbone, dict):
            backbone = built({'out_type': 'all', 'num_codes': num_codes, **backbone})
        self.backbone: Any = backbone
        vocabulary = self.backbone.vocabulary
        require_same_vocabulary(preprocessor.vocabulary, vocabulary)
        widths = {'in_dims': self.backbone.embed_dims}
        self.head: Any = None
        self.contrast: Any = None
        if head is not None:
            self.head = built({**widths, 'vocab': vocabulary.size, **head})
        if contrast is not None:
            self.contrast = built({**widths, **contrast})
        self.alpha, self.contrast_input = alpha, contrast_input
        self.target = TARGETS.build(
            target or {'type': 'CodeTarget'},
            default_args={
                'tubelet_size': self.backbone.tubelet_size,
                'patch_size': self.backbone.patch_size,
                'num_codes': vocabulary.num_codes,
            },
        )
        if preprocessor.tokenizer is not None:
            self.target.to_pixels = preprocessor.to_pixels

    def forward(
        self,
        inputs: Tensor,
        encoder_mask: Tensor | None = None,
        replacement_ids: Tensor | None = None,
        asked_ids: Tensor | None = None,
        padded: bool | None = None,
        data_samples: list[Any] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Preprocessed batch -> by ``mode``.

        'loss': losses and measures by name.  'predict': a `ReconstructionOutput`.  'tensor':
        the backbone's output for the clips, masked if a mask is given.

        Args:
            inputs: Codes (B, t, h, w) int64, the two clips of a video adjacent.
            encoder_mask: (B, N), True = hidden.
            replacement_ids: See `CodeTarget.hide`.
            asked_ids: (M,), ascending, the places of masked tokens in the flattened batch.  They
                are listed on the CPU, where the masks are, so that a step need not wait for the
                device to count them; if they are not given, they are listed here.
            padded: Whether there may be PAD among the codes; None: the backbone checks.
        """
        if mode == 'loss':
            return self.loss(inputs, encoder_mask, replacement_ids, asked_ids, padded)
        if mode == 'predict':
            return self.reconstruct(inputs, encoder_mask, replacement_ids)
        if mode != 'tensor':
            raise ValueError(f"unknown mode {mode!r}; choose 'tensor', 'loss' or 'predict'")
        return self.backbone(self._hidden(inputs, encoder_mask, replacement_ids), padded)

    def loss(
        self,
        codes: Tensor,
        encoder_mask: Tensor | None = None,
        replacement_ids: Tensor | None = None,
        asked_ids: Tensor | None = None,
        padded: bool | None = None,
    ) -> dict[str, Tensor]:
        """Losses, and ``masked_accuracy`` and ``mask_ratio``; see `forward`."""
        encoded = self.encode(codes, encoder_mask, replacement_ids, padded)
        losses: dict[str, Tensor] = {}
        if encoded.tokens is not None and encoder_mask is not None:
            if asked_ids is None:
                asked_ids = self.target.asked(codes, encoder_mask).flatten().nonzero()[:, 0]
            logits = self._predict(encoded.tokens.flatten(0, 1)[asked_ids])
            answers = self.target(codes, asked_ids)
            asked = torch.full((), len(asked_ids), dtype=torch.float32, device=codes.device)
            losses['loss_masked'] = self.head.loss(logits, answers, mean_over_processes(asked))
            with torch.no_grad():
                right = (logits.argmax(1) == answers).sum()
                losses['masked_accuracy'] = right / asked.clamp(min=1)
                losses['mask_ratio'] = asked / (codes != self.target.vocabulary.pad).sum()
        if encoded.cls is not None:
            losses['loss_contrast'] = self.alpha * self.contrast.loss(self.contrast(encoded.cls))
        return losses

    def reconstruct(
        self, codes: Tensor, encoder_mask: Tensor | None, replacement_ids: Tensor | None = None
    ) -> ReconstructionOutput:
        """Predict codes (B, t, h, w) under masks (B, N), True = hidden.

        Returns:
            ``pred`` (B, M, V), scores of the vocabulary; ``target`` (B, M), codes; ``token_ids``
            (B, M), where M is the largest number of predicted tokens of a clip, and clips with
            fewer are filled up with -1; ``losses`` without the contrastive one, which needs a
            batch.

        Raises:
            ValueError: There is no head for masked codes or no mask, or the mask does not fit.
        """
        if self.head is None:
            raise ValueError('this VIMPAC has no head for masked codes, so it cannot reconstruct')
        if encoder_mask is None:
            raise ValueError(_NO_MASK)
        tokens = self.backbone(self._hidden(codes, encoder_mask, replacement_ids)).tokens
        asked = self.target.asked(codes, encoder_mask)
        counts = asked.sum(1)
        ids = torch.argsort(~asked, dim=1, stable=True)[:, : int(counts.max())]
        there = torch.arange(ids.shape[1], device=ids.device) < counts[:, None]
        pred = self._predict(tokens.gather(1, ids[..., None].expand(-1, -1, tokens.shape[2])))
        target = self.target(codes, ids)
        losses = {'loss_masked': self.head.loss(pred[there], target[there])}
        return ReconstructionOutput(pred, target, ids.masked_fill(~there, -1), losses)

    def val_step(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """A batch of the loader -> for each video, the values that `MaskedCodeMetric` averages."""
        return self.measure(**self.data_preprocessor(data, False))

    def test_step(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """As `val_step`."""
        return self.val_step(data)

    def measure(
        self,
        inputs: Tensor,
        encoder_mask: Tensor | None = None,
        replacement_ids: Tensor | None = None,
        asked_ids: Tensor | None = None,
        padded: bool | None = None,
        data_samples: list[Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Sums over the masked tokens of each video, and its features for comparison.

        Returns:
            For each video, ``loss``, ``right`` and ``asked``, sums over its masked tokens, and
            ``tokens``, the number of tokens that are not padding; with a contrastive head, also
            ``features`` (R, D') of its clips and ``temperature``.
        """
        encoded = self.encode(inputs, encoder_mask, replacement_ids, padded)
        videos = len(data_samples or inputs)
        found: list[dict[str, Any]] = [{} for _ in range(videos)]
        if encoded.tokens is not None and encoder_mask is not None:
            for key, sums in self._sums(encoded.tokens, inputs, encoder_mask, videos).items():
                for video, value in zip(found, sums.tolist(), strict=True):
                    video[key] = value
        if encoded.cls is not None:
            features = self.contrast(encoded.cls).float().cpu().unflatten(0, (videos, -1))
            for video, rows in zip(found, features, strict=True):
                video.update(features=rows, temperature=self.contrast.temperature)
        return found

    def _sums(
        self, tokens: Tensor, codes: Tensor, encoder_mask: Tensor, videos: int
    ) -> dict[str, Tensor]:
        """The sums of `measure` over masked tokens, (videos,) each."""
        asked = self.target.asked(codes, encoder_mask)
        ids = asked.flatten().nonzero()[:, 0]
        logits = self._predict(tokens.flatten(0, 1)[ids]).float()
        answers = self.target(codes, ids)
        rows = ids // (asked.numel() // videos)
        of_tokens = {
            'loss': F.cross_entropy(logits, answers, reduction='none'),
            'right': (logits.argmax(1) == answers).float(),
        }
        zeros = logits.new_zeros(videos)
        sums = {key: zeros.index_add(0, rows, values) for key, values in of_tokens.items()}
        sums['asked'] = asked.view(videos, -1).sum(1)
        sums['tokens'] = (codes != self.target.vocabulary.pad).view(videos, -1).sum(1)
        return sums

    def _predict(self, tokens: Tensor) -> Tensor:
        """(..., D) -> scores (..., V)."""
        return self.head(tokens, self.backbone.embedding.weight)

    def _hidden(
        self, codes: Tensor, encoder_mask: Tensor | None, replacement_ids: Tensor | None
    ) -> Tensor:
        if encoder_mask is None:
            return codes
        return self.target.hide(codes, encoder_mask, replacement_ids)

    def encode(
        self,
        codes: Tensor,
        encoder_mask: Tensor | None,
        replacement_ids: Tensor | None = None,
        padded: bool | None = None,
    ) -> EncodedClips:
        """Pass clips through the encoder once, or twice if the heads need that; see `forward`.

        Raises:
            ValueError: A head needs a mask, but there is none.
        """
        intact = self.contrast_input == 'intact'
        if encoder_mask is None and (self.head is not None or not intact):
            raise ValueError(_NO_MASK)
        tokens = cls = None
        if self.head is not None or not intact:
            masked = self.backbone(self._hidden(codes, encoder_mask, replacement_ids), padded)
            tokens = None if self.head is None else masked.tokens
            cls = masked.cls
        if self.contrast is None:
            return EncodedClips(tokens, None)
        return EncodedClips(tokens, self.backbone(codes, padded).cls if intact else cls)
