"""The attentive classifier of V-JEPA 2."""

from typing import Any

from torch import Tensor

from mmvideomae.models.heads.linear_head import LinearHead
from mmvideomae.models.layers.attentive_pooler import POOLER_NORM_EPS, AttentivePooler
from mmvideomae.registry import MODELS


@MODELS.register_module()
class AttentiveHead(LinearHead):
    """Tokens (B, N, D) -> class scores (B, K) of an attentive pooler and a linear layer.

    In tests, the clips of a video may be pooled together, as V-JEPA 2 does with the segments of a
    view; crops keep scores of their own, which are averaged.  In training, every clip is pooled
    by itself.  (V-JEPA 2, 2506.09985, section 5.)

    Args:
        depth: Blocks of the pooler, the last of which is that of the query.
        num_heads: Of the pooler; V-JEPA 2 uses 16 for every width, but Hugging Face's conversions
            of its classifiers use the encoder's number, 22 for the giant encoder.
        norm_eps: Of the pooler; Hugging Face uses 1e-6.
        num_segments: S, clips of a video whose tokens are pooled together in validation and tests.
        num_crops: Crops of each of these clips; rows are ordered (video, clip, crop).
        with_cp: Activation checkpointing of the pooler.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        depth: int = 4,
        num_heads: int = 16,
        mlp_ratio: float = 4.0,
        norm_eps: float = POOLER_NORM_EPS,
        num_segments: int = 1,
        num_crops: int = 1,
        with_cp: bool = False,
        dropout_ratio: float = 0.0,
        init_scale: float = 1.0,
        loss_cls: dict[str, Any] | None = None,
        topk: int | tuple[int, ...] = (1, 5),
        label_smooth_eps: float = 0.0,
        average_clips: str | None = 'prob',
        init_cfg: dict[str, Any] | None = None,
        multi_class: bool = False,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            dropout_ratio,
            init_scale,
            loss_cls,
            topk,
            label_smooth_eps,
            average_clips,
            init_cfg,
            multi_class,
        )
        self.num_segments, self.num_crops = num_segments, num_crops
        self.pooler = AttentivePooler(in_channels, depth, num_heads, mlp_ratio, norm_eps, with_cp)

    def init_weights(self) -> None:
        """Draw the weights of the pooler and of the linear layer."""
        super().init_weights()
        self.pooler.init_weights()

    def forward(self, x: Tensor, loss_aux: dict[str, Tensor] | None = None) -> Tensor:
        """Tokens of all clips -> scores, in tests with a row for each video and crop.

        Raises:
            ValueError: The backbone returns no tokens, or a video has other numbers of clips.
        """
        if x.ndim != 3:
            raise ValueError(
                f'an attentive head needs tokens (B, N, D), got {tuple(x.shape)}: set '
                "out_type='tokens' of the backbone"
            )
        if self.num_segments > 1 and not self.training:
            if len(x) % (self.num_segments * self.num_crops):
                raise ValueError(
                    f'{len(x)} clips are not {self.num_segments} segments of {self.num_crops} '
                    'crops of each video: set num_clips and num_crops of the pipeline to the same'
                )
            # (video, clip, crop), N, D -> (video, crop), (clip, N), D
            views = x.unflatten(0, (-1, self.num_segments, self.num_crops))
            x = views.transpose(1, 2).flatten(2, 3).flatten(0, 1)
        return super().forward(self.pooler(x), loss_aux)
