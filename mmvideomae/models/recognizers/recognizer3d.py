"""Classify clips, with any number of test views in bounded memory."""

from collections.abc import Mapping
from typing import Any

import torch
from mmaction.models.recognizers import Recognizer3D as MMActionRecognizer3D
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from mmvideomae.ops.codes import require_same_vocabulary
from mmvideomae.registry import MODELS


@MODELS.register_module()
class Recognizer3D(MMActionRecognizer3D):
    """mmaction2's ``Recognizer3D`` with testing in chunks for any batch size.

    It differs from mmaction2's in testing, and refuses to train without labels.  There,
    ``max_testing_views`` of ``test_cfg`` requires a batch of one video; here it limits how many
    of the B * V views of a batch go through the model at a time, and uint8 views are normalised
    chunk by chunk, so that memory for activations and floats does not grow with the number of
    views.  The backbone must return one tensor per clip.

    Shared settings are given once: ``in_channels`` of the head is by default ``embed_dims`` of
    the backbone, a data preprocessor that makes labels soft has the classes of the head, and a
    backbone of codes has the ``num_codes`` in the config of the data preprocessor.
    Scores of any head are float32, also under autocast: mmaction2 1.2.0 turns them into NumPy
    arrays for its training accuracy, and NumPy lacks bfloat16.
    An encoder of another library normalises clips as it was trained; a config that says otherwise
    is refused.  Clips are pixels, or codes (B, V, T, h, w) of a `CodeClassificationPreprocessor`.

    Raises:
        ValueError: The vocabularies or the mean or deviation of the encoder and the data
            preprocessor differ.
    """

    def __init__(
        self,
        backbone: dict[str, Any],
        cls_head: dict[str, Any] | None = None,
        neck: dict[str, Any] | None = None,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | None = None,
    ) -> None:
        given = data_preprocessor or {}
        if cls_head and (given.get('blend') or given.get('label_smoothing')):
            data_preprocessor = {'num_classes': cls_head.get('num_classes'), **given}
        elif not cls_head and data_preprocessor:  # nothing to train, so no soft labels
            data_preprocessor = {k: v for k, v in given.items() if k not in _SOFTENING}
        if codes := _codes_of(given):
            backbone = {'num_codes': codes, **backbone}
        super().__init__(backbone, None, neck, train_cfg, test_cfg, data_preprocessor)
        own = getattr(self.backbone, 'preprocessing', None)
        if own is not None and hasattr(self.data_preprocessor, 'normalise'):
            own.refuse_other(given)
            for name in ('mean', 'std'):
                buffer = getattr(self.data_preprocessor, name)
                buffer.copy_(torch.tensor(getattr(own, name)).view_as(buffer))
        known = getattr(self.backbone, 'vocabulary', None)
        if known is not None:
            require_same_vocabulary(getattr(self.data_preprocessor, 'vocabulary', known), known)
        if cls_head:
            width = getattr(self.backbone, 'embed_dims', None)
            derived = {} if width is None else {'in_channels': width}
            self.cls_head = MODELS.build({**derived, **cls_head})
            self.cls_head.register_forward_hook(_in_float32)

    def loss(self, inputs: Tensor, data_samples: list[ActionDataSample]) -> dict[str, Tensor]:
        """Clips (B, 1, C, T, H, W) -> losses of the head.

        Raises:
            ValueError: A clip has no label.
        """
        if not all('gt_label' in sample for sample in data_samples):
            raise ValueError('training needs labels: set labelled=True in the data set')
        return super().loss(inputs, data_samples)

    def extract_feat(
        self,
        inputs: Tensor,
        stage: str = 'neck',
        data_samples: list[ActionDataSample] | None = None,
        test_mode: bool = False,
    ) -> tuple[Tensor, dict[str, Any]]:
        """Clips (B, V, C, T, H, W) -> features (B * V, D) and arguments for the head."""
        if not test_mode:
            return super().extract_feat(inputs, stage, data_samples)
        views = inputs.flatten(0, 1)
        chunk = (self.test_cfg or {}).get('max_testing_views') or len(views)
        return torch.cat([self._features(part) for part in views.split(chunk)]), {}

    def _features(self, views: Tensor) -> Tensor:
        if views.dtype == torch.uint8:
            views = self.data_preprocessor.normalise(views)
        features = self.backbone(views)
        return self.neck(features)[0] if self.with_neck else features


def _in_float32(head: nn.Module, given: Any, scores: Any) -> Any:
    """Scores of a head under autocast -> float32; anything else unchanged."""
    low = isinstance(scores, Tensor) and scores.dtype in (torch.bfloat16, torch.float16)
    return scores.float() if low else scores


_SOFTENING = ('blend', 'label_smoothing')


def _codes_of(preprocessor: Mapping[str, Any]) -> int | None:
    """``num_codes`` of a data preprocessor's config or of its tokenizer; None without both."""
    tokenizer = preprocessor.get('tokenizer') or {}
    own = tokenizer.get('num_codes') if isinstance(tokenizer, Mapping) else tokenizer.num_codes
    return preprocessor.get('num_codes') or own
