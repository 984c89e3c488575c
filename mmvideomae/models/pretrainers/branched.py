"""Pre-training with several predictions from one pass through the encoder (MVD, AMD, UMT)."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmvideomae.models.pretrainers.masked import ReconstructionOutput, built, target_values
from mmvideomae.ops.positions import Grid
from mmvideomae.ops.teachers import with_outputs
from mmvideomae.ops.tokens import gather_tokens, mask_to_ids
from mmvideomae.registry import MODELS, TARGETS

TOKENS = ('hidden', 'visible', 'all', 'teacher_only')


class _Branch(nn.Module):
    """One prediction: of what, from which layers of the encoder and at which tokens."""

    def __init__(
        self,
        target: str,
        neck: dict[str, Any],
        head: dict[str, Any],
        tokens: str = 'hidden',
        layers: Sequence[int] = (),
        through: Sequence[str] = (),
        weight: float = 1.0,
    ) -> None:
        super().__init__()
        if tokens not in TOKENS:
            raise ValueError(f'unknown tokens {tokens!r} of a branch; choose one of {TOKENS}')
        self.target, self.tokens, self.weight = target, tokens, weight
        self.layers, self.through = tuple(layers), tuple(through)
        self.neck, self.head = built(neck), built(head)


@MODELS.register_module()
class BranchedPretrainer(BaseModel):
    """Predict several targets, or one target in several ways, from the visible tokens of a clip.

    Each branch has its own decoder and head.  Branches of the same target share one pass through
    its teacher.  The losses are ``loss_<branch>``.

    Args:
        backbone: Encoder of visible tokens, ``forward(clips, visible_ids)``, with a list
            ``blocks`` if a branch uses layers.
        targets: Configs of `Target` by name, without the sides of a token.
        branches: By name, a dict of

            - ``target``: name of a target
            - ``neck``: ``forward(tokens, visible_ids, query_ids, grid)``, such as `MAEDecoder` or,
              for visible tokens, `VisibleTokens`
            - ``head``: ``forward(tokens)`` and ``loss(pred, target)``
            - ``tokens``: where to predict: 'hidden' from the encoder, 'visible' to it, 'all', or
              'teacher_only', hidden from the encoder but seen by the teacher (AMD)
            - ``layers``: blocks of the encoder whose outputs are concatenated for the neck, from 1
              or from -1 for the last; by default the encoder's output
            - ``through``: names of modules of the encoder, such as its last norm, that are applied
              to these outputs in turn
            - ``weight``: of the loss
        masker: Chooses the visible tokens from the teacher's attention, `AttentionMasker`; None
            if the data has masks.

    Raises:
        ValueError: A branch has no target, or predicts another number of values than it has.
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        targets: dict[str, dict[str, Any]],
        branches: dict[str, dict[str, Any]],
        masker: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        preprocessor = built(data_preprocessor or {'type': 'VideoMAEDataPreprocessor'})
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        self.backbone: Any = built(backbone)
        sides = {key: getattr(self.backbone, key) for key in ('tubelet_size', 'patch_size')}
        self.targets = nn.ModuleDict(
            {name: TARGETS.build(config, default_args=sides) for name, config in targets.items()}
        )
        self.branches = nn.ModuleDict({name: _Branch(**each) for name, each in branches.items()})
        self.masker: Any = None if masker is None else built(masker)
        for target in self._targets():
            target.attach(self.backbone)
        self._check()

    def _check(self) -> None:
        for name, branch in self.branches.items():
            if branch.target not in self.targets:
                raise ValueError(
                    f'branch {name!r} predicts {branch.target!r}, but the targets are '
                    f'{sorted(self.targets)}'
                )
            dims = self.targets[branch.target].dims
            if branch.head.out_dims != dims:
                raise ValueError(
                    f'target {branch.target!r} has {dims} values per token, but the head of '
                    f'branch {name!r} predicts {branch.head.out_dims}'
                )
        if len({target.stride for target in self._targets()}) > 1:
            raise ValueError('all targets must have the same student_stride')

    def _targets(self) -> list[Any]:
        return list(self.targets.values())

    @property
    def target(self) -> Any:
        """The target of the first branch, which pictures show."""
        return self.targets[next(iter(self.branches.values())).target]

    def begin_training(self) -> None:
        """See `MaskedPretrainer.begin_training`."""
        for target in self._targets():
            target.begin(self.backbone)

    def after_update(self, progress: float) -> None:
        """See `MaskedPretrainer.after_update`."""
        for target in self._targets():
            target.follow(self.backbone, progress)

    def forward(
        self,
        inputs: Tensor,
        encoder_mask: Tensor | None = None,
        visible_ids: Tensor | None = None,
        query_ids: Tensor | None = None,
        teacher_mask: Tensor | None = None,
        teacher_ids: Tensor | None = None,
        data_samples: list[Any] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Preprocessed batch -> by ``mode``, as in `MaskedPretrainer.forward`.

        Args:
            teacher_mask: (B, N), True at tokens that the teacher does not see, some of those that
                ``encoder_mask`` hides; None if it sees all.
            teacher_ids: (B, m), ascending, the tokens that the teacher sees.
        """
        if visible_ids is None and encoder_mask is not None:
            visible_ids = mask_to_ids(encoder_mask, value=False)
        if mode == 'tensor':
            return self.backbone(inputs[:, :, :: self.target.stride], visible_ids)
        if mode not in ('loss', 'predict'):
            raise ValueError(f"unknown mode {mode!r}; choose 'tensor', 'loss' or 'predict'")
        if teacher_ids is None and teacher_mask is not None:
            teacher_ids = mask_to_ids(teacher_mask, value=False)
        output = self.reconstruct(inputs, visible_ids, teacher_ids)
        return output.losses if mode == 'loss' else output

    def reconstruct(
        self, clips: Tensor, visible_ids: Tensor | None = None, teacher_ids: Tensor | None = None
    ) -> ReconstructionOutput:
        """Predict for normalised clips (B, C, T, H, W); see `forward`.

        Returns:
            Prediction, target and places of the first branch, and the losses of all.

        Raises:
            ValueError: No tokens are visible, or a branch needs tokens of the teacher.
        """
        grid = self.target.grid(*clips.shape[2:])
        features: dict[str, Tensor] = {}
        if visible_ids is None and self.masker is not None:
            chosen = self.masker.target
            features[chosen], attention = self.targets[chosen].look(
                clips, self.data_preprocessor.to_unit_range
            )
            visible_ids = self.masker(attention, grid)
        if visible_ids is None:
            raise ValueError('pre-training needs an encoder_mask, visible_ids or a masker')
        places = {
            name: _places(branch.tokens, grid, visible_ids, teacher_ids)
            for name, branch in self.branches.items()
        }
        wanted = self._wanted(clips, places, teacher_ids, features)
        output, layers = self._encode(clips, visible_ids)
        outputs: dict[str, Tensor] = {}
        losses: dict[str, Tensor] = {}
        for name, branch in self.branches.items():
            picked = [layers[layer] for layer in branch.layers] or [output]
            for part in branch.through:
                picked = [self.backbone.get_submodule(part)(tokens) for tokens in picked]
            tokens = branch.neck(torch.cat(picked, -1), visible_ids, places[name], grid)
            outputs[name] = branch.head(tokens)
            losses[f'loss_{name}'] = branch.weight * branch.head.loss(outputs[name], wanted[name])
        first = next(iter(self.branches))
        return ReconstructionOutput(outputs[first], wanted[first], places[first], losses)

    def _encode(self, clips: Tensor, visible_ids: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The encoder's output, and the outputs of the blocks that branches use."""
        layers = sorted({layer for branch in self.branches.values() for layer in branch.layers})
        seen = clips[:, :, :: self.target.stride]
        blocks = self.backbone.blocks if layers else ()
        output, found = with_outputs(blocks, layers, lambda: self.backbone(seen, visible_ids))
        return output, dict(zip(layers, found, strict=True))

    def _wanted(
        self,
        clips: Tensor,
        places: dict[str, Tensor],
        teacher_ids: Tensor | None,
        features: dict[str, Tensor],
    ) -> dict[str, Tensor]:
        """The values of each branch at its places; every target is computed once."""
        wanted: dict[str, Tensor] = {}
        for name, target in self.targets.items():
            of_target = [key for key, each in self.branches.items() if each.target == name]
            if not of_target:
                continue
            ids = torch.cat([places[key] for key in of_target], 1)
            if name in features:
                values = gather_tokens(features[name], ids)
            else:
                # Only teachers can see a part of a clip.
                seen = (teacher_ids,) if hasattr(target, 'look') else ()
                values = target_values(target, clips, ids, self.data_preprocessor, *seen)
            counts = [places[key].shape[1] for key in of_target]
            wanted |= dict(zip(of_target, values.split(counts, 1), strict=True))
        return wanted


def _places(tokens: str, grid: Grid, visible_ids: Tensor, teacher_ids: Tensor | None) -> Tensor:
    """Ascending ids (B, M) of the tokens of a branch; their number is known without the device."""
    total, batch = grid[0] * grid[1] * grid[2], len(visible_ids)
    if tokens == 'visible':
        return visible_ids
    if tokens == 'all':
        return torch.arange(total, device=visible_ids.device).expand(batch, -1)
    count, wanted = total, visible_ids.new_ones(batch, total, dtype=torch.bool)
    if tokens == 'teacher_only':
        if teacher_ids is None:
            raise ValueError(
                "a branch with tokens='teacher_only' needs a teacher_mask: use NestedTubeMask"
            )
        count, wanted = teacher_ids.shape[1], torch.zeros_like(wanted)
        wanted = wanted.scatter(1, teacher_ids, True)
    wanted = wanted.scatter(1, visible_ids, False)
    order = torch.argsort((~wanted).to(torch.uint8), dim=1, stable=True)
    return order[:, : count - visible_ids.shape[1]]
