"""Several linear classifiers on the same frozen features, one per learning rate."""

import torch
from mmaction.models.heads import BaseHead
from mmaction.structures import ActionDataSample
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.registry import MODELS


@MODELS.register_module()
class LinearProbeHead(BaseHead):
    """Features (B, D) -> scores (B, L, K) of L linear classifiers (V1 Table 11, linear probing).

    Each classifier learns at its own multiple of the optimizer's rate.  They share no
    parameters and their losses are summed, so each learns as if it were alone, while the
    encoder, which takes nearly all the time, runs once for all of them.  Use it with
    ``frozen=True`` of the encoder, `GroupedOptimWrapperConstructor`, `LinearProbeMetric`, and
    `ChooseProbeHook`, which selects the classifier that is best in validation to predict.

    Args:
        num_classes: K.
        in_channels: D.
        lr_factors: Multiples of the optimizer's learning rate, one per classifier.
        use_batch_norm: Normalise features over the batch first, without learned parameters,
            as in MAE's linear probes.
        init_std: Deviation of the initial weights.
        average_clips: What to average over the views of a video: 'prob' or 'score'.
    """

    chosen: Tensor

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        lr_factors: tuple[float, ...] = (1.0,),
        use_batch_norm: bool = False,
        init_std: float = 0.01,
        average_clips: str = 'prob',
    ) -> None:
        if not lr_factors or min(lr_factors) <= 0 or len(set(lr_factors)) != len(lr_factors):
            raise ValueError(f'lr_factors must be distinct and positive, got {lr_factors}')
        if average_clips not in ('prob', 'score'):
            raise ValueError(f"average_clips must be 'prob' or 'score', got {average_clips!r}")
        loss = {'type': 'CrossEntropyLoss'}
        super().__init__(num_classes, in_channels, loss, average_clips=average_clips)
        self.lr_factors = tuple(lr_factors)
        self.init_std = init_std
        self.norm = nn.BatchNorm1d(in_channels, eps=1e-6, affine=False) if use_batch_norm else None
        self.probes = nn.ModuleList(nn.Linear(in_channels, num_classes) for _ in lr_factors)
        # Until a validation has chosen one, the classifier whose factor is nearest to 1.
        nearest = min(range(len(lr_factors)), key=lambda n: abs(lr_factors[n] - 1))
        self.register_buffer('chosen', torch.tensor(nearest))

    def init_weights(self) -> None:
        """Draw the weights of all classifiers from one distribution; biases start at zero."""
        for probe in self.probes:
            nn.init.normal_(probe.weight, std=self.init_std)
            nn.init.zeros_(probe.bias)

    def get_lr_factor(self, param_name: str, prefix: str = '') -> float:
        """Multiple of the optimizer's learning rate at which a parameter learns."""
        return self.lr_factors[int(param_name.removeprefix(prefix).split('.')[1])]

    def choose(self, number: int) -> None:
        """Select the classifier that predicts; checkpoints keep the choice."""
        if not 0 <= number < len(self.probes):
            raise ValueError(f'there is no classifier {number}, only {len(self.probes)}')
        self.chosen.fill_(number)

    def forward(self, x: Tensor, loss_aux: dict[str, Tensor] | None = None) -> Tensor:
        # `Recognizer3D` passes ``loss_aux``, the losses of a neck, and adds them itself.
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            x = x if self.norm is None else self.norm(x)
            return torch.stack([probe(x) for probe in self.probes], dim=1)

    def loss_by_feat(
        self, cls_scores: Tensor, data_samples: list[ActionDataSample]
    ) -> dict[str, Tensor]:
        """Scores (B, L, K) -> a loss per classifier, named after its factor."""
        labels = torch.stack([sample.gt_label for sample in data_samples]).to(cls_scores.device)
        labels = labels.squeeze(1) if labels.shape[1] == 1 else labels
        return {
            f'loss_lr{factor:g}': F.cross_entropy(scores, labels)
            for factor, scores in zip(self.lr_factors, cls_scores.unbind(1), strict=True)
        }

    def predict_by_feat(
        self, cls_scores: Tensor, data_samples: list[ActionDataSample]
    ) -> list[ActionDataSample]:
        """Scores (B * V, L, K) -> samples with the chosen classifier's ``pred_score`` (K,).

        ``probe_scores`` (L, K) holds the scores of all classifiers.
        """
        views = cls_scores.unflatten(0, (len(data_samples), -1))
        views = views.softmax(3) if self.average_clips == 'prob' else views
        for sample, scores in zip(data_samples, views.mean(1), strict=True):
            sample.set_pred_score(scores[self.chosen])
            sample.set_pred_label(scores[self.chosen].argmax(0, keepdim=True))
            sample.set_field(scores, 'probe_scores')
            sample.set_metainfo({'probe_names': [f'lr{factor:g}' for factor in self.lr_factors]})
        return data_samples
