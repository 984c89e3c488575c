"""A file of every format gives its original model's logits, and loses nothing."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmvideomae.checkpoints import (
    LAYOUTS,
    CheckpointError,
    Layout,
    convert,
    detect,
    fit,
    load,
    load_state_dict,
    save_weights,
    to_ours,
)
from mmvideomae.checkpoints.names import BLOCK_NAMES, Q_V
from tests.support.weight_files import (
    CLASSIFIERS,
    DETECTORS,
    IMAGES,
    LEARNED_POSITIONS,
    PRETRAINERS,
    SLOTS,
    hugging_face,
    inflated,
    separable,
)

FORMAT_OF = {'official': 'videomae', 'hf4': 'hf', 'hf5': 'hf', 'mae-st': 'mae-st'}


def format_of(kind: str) -> str:
    for start, name in FORMAT_OF.items():
        if kind.startswith(start):
            return name
    return kind


def loaded(path: Path, like: nn.Module) -> nn.Module:
    """Load a file's weights into a model, which must accept all of them."""
    fitted = fit(load_state_dict(path), like, str(path), training=False)
    report = like.load_state_dict(fitted.state_dict, strict=True)
    assert not report.missing_keys and not report.unexpected_keys
    return like


@pytest.mark.parametrize('kind', CLASSIFIERS)
def test_classifier_files(zoo: Any, tmp_path: Path, kind: str) -> None:
    model = zoo.classifier()
    path = CLASSIFIERS[kind](model.state_dict(), tmp_path)
    assert load(path).format == format_of(kind)
    other = loaded(path, zoo.classifier(seed=1))
    assert torch.equal(zoo.logits(other), zoo.logits(model))
    assert not torch.allclose(zoo.logits(zoo.classifier(seed=1)), zoo.logits(model), rtol=0.1)


@pytest.mark.parametrize('kind', CLASSIFIERS)
def test_every_tensor_is_written_or_listed_as_dropped(zoo: Any, tmp_path: Path, kind: str) -> None:
    state = zoo.classifier().state_dict()
    done = load(CLASSIFIERS[kind](state, tmp_path))
    assert done.state_dict.keys() == state.keys()
    dropped = {item.key for item in done.dropped}
    assert dropped == ({'backbone.pos_embed'} if kind == 'mmaction2' else set())


@pytest.mark.parametrize('kind', PRETRAINERS)
def test_pretrainer_files(zoo: Any, tmp_path: Path, kind: str) -> None:
    model = zoo.pretrainer()
    path = PRETRAINERS[kind](model.state_dict(), tmp_path)
    other = loaded(path, zoo.pretrainer(seed=1))
    mask = (torch.arange(32).remainder(4) != 0).repeat(2, 1)
    with torch.no_grad():
        pairs = [each.reconstruct(zoo.clips(), mask).pred for each in (model, other)]
    assert torch.equal(*pairs)


@pytest.mark.parametrize('kind', DETECTORS)
def test_detector_files(zoo: Any, tmp_path: Path, kind: str) -> None:
    pytest.importorskip('mmdet', reason='needs the detection level')
    model = zoo.detector()
    path = DETECTORS[kind](model.state_dict(), tmp_path)
    done = load(path)
    assert done.format == format_of(kind)
    assert list(done.state_dict) == list(model.state_dict())
    dropped = {item.key for item in done.dropped}
    assert dropped == ({'backbone.pos_embed'} if kind == 'mmaction2' else set())
    other = loaded(path, zoo.detector(seed=1))
    assert torch.equal(zoo.logits(other), zoo.logits(model))
    assert not torch.allclose(zoo.logits(zoo.detector(seed=1)), zoo.logits(model), rtol=0.1)


@pytest.mark.parametrize('kind', LEARNED_POSITIONS)
def test_files_with_learned_positions(zoo: Any, tmp_path: Path, kind: str) -> None:
    model = zoo.classifier(learnable_pos=True)
    model.load_state_dict(separable(model.state_dict(), SLOTS))
    path = LEARNED_POSITIONS[kind](model.state_dict(), tmp_path)
    other = loaded(path, zoo.classifier(seed=1, learnable_pos=True))
    torch.testing.assert_close(zoo.logits(other), zoo.logits(model), rtol=1e-5, atol=1e-6)
    done = load(path)
    assert done.format == 'mae-st'
    keys = {item.key for item in done.dropped}
    assert {'cls_token', 'pos_embed_class'} < keys
    assert keys - {'cls_token', 'pos_embed_class'} == {
        f'backbone.blocks.{i}.attn.k.bias' for i in range(2)
    }


@pytest.mark.parametrize('kind', IMAGES)
def test_files_of_image_models(zoo: Any, tmp_path: Path, kind: str) -> None:
    model = zoo.classifier()
    model.load_state_dict(inflated(model.state_dict()))
    path = IMAGES[kind](model.state_dict(), tmp_path)
    assert load(path).format == kind
    other = loaded(path, zoo.classifier(seed=1))
    assert torch.equal(zoo.logits(other), zoo.logits(model))


def test_every_layout_is_tested() -> None:
    kinds = [*CLASSIFIERS, *PRETRAINERS, *LEARNED_POSITIONS, *IMAGES]
    # In modules of their own.
    elsewhere = {'ours', 'actionformer', 'dalle', 'tokenizer', 'vimpac', 'vjepa2', 'vjepa2-hf'}
    elsewhere.add('opentad')
    assert {format_of(kind) for kind in kinds} | elsewhere == LAYOUTS.keys()


def test_own_files(zoo: Any, tmp_path: Path) -> None:
    model = zoo.classifier()
    state = model.state_dict()
    for number, content in enumerate(
        [state, {'state_dict': state, 'meta': {}}, {'state_dict': state, 'optimizer': {}}]
    ):
        path = tmp_path / f'{number}.pth'
        torch.save(content, path)
        done = load(path)
        assert done.format == detect(state) == 'ours' and not done.dropped
        assert torch.equal(zoo.logits(loaded(path, zoo.classifier(seed=1))), zoo.logits(model))


def test_a_lone_encoder_and_detection_heads(zoo: Any) -> None:
    state = zoo.pretrainer().state_dict()
    encoder = {key: value for key, value in state.items() if key.startswith('backbone.')}
    assert detect(encoder) == 'ours'
    official = {key.replace('backbone.', 'encoder.', 1): value for key, value in encoder.items()}
    assert detect(official) == 'videomae'
    # An encoder with a prefix beside a head without.
    mixed = {**encoder, 'head.weight': torch.ones(3, 32), 'head.bias': torch.ones(3)}
    assert detect(mixed) == 'videomae'
    bare = hugging_face(encoder, 5)
    bare = {key.removeprefix('videomae.'): value for key, value in bare.items()}
    assert detect(bare) == 'hf'
    assert to_ours(bare).state_dict.keys() == encoder.keys()
    ava = {**encoder, 'roi_head.bbox_head.fc_cls.weight': torch.ones(81, 32)}
    assert detect(ava) == 'ours'


def test_a_layout_is_added_by_its_names(
    zoo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = zoo.classifier().state_dict()
    theirs = {'stem.proj': 'backbone.patch_embed.proj', 'stages': 'backbone.blocks'}
    theirs |= {'last': 'backbone.fc_norm', 'logits': 'cls_head.fc_cls'}
    foreign = {
        next(
            f'{name}{key[len(ours) :]}' for name, ours in theirs.items() if key.startswith(ours)
        ): value
        for key, value in state.items()
    }
    torch.save(foreign, tmp_path / 'foreign.pth')
    with pytest.raises(CheckpointError, match='unknown format'):
        load(tmp_path / 'foreign.pth')
    added = Layout(
        name='stem',
        title='a network with a stem',
        markers=('stem.proj.weight',),
        parts=tuple((ours, name) for name, ours in theirs.items()),
        block=BLOCK_NAMES + Q_V,
        writable=True,
    )
    monkeypatch.setitem(LAYOUTS, added.name, added)
    back = load_state_dict(tmp_path / 'foreign.pth')
    assert list(back) == list(state) and all(torch.equal(back[key], state[key]) for key in state)
    assert convert(state, 'stem').keys() == foreign.keys()
    save_weights(state, tmp_path / 'written.pth', 'stem')
    assert load(tmp_path / 'written.pth').format == 'stem'
    with pytest.raises(CheckpointError, match='a network with a stem: cannot map strange'):
        to_ours({**foreign, 'strange': torch.ones(1)})


def test_a_layout_that_resembles_another_may_be_added(
    zoo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with a method of its own, of files that another layout would claim."""

    class Scaled(Layout):
        def settle(self, weights: dict[str, torch.Tensor], notes: list[str]) -> None:
            scale = weights.pop('scale')
            weights.update({key: value * scale for key, value in weights.items()})

    state = zoo.classifier().state_dict()
    halves = {key: value / 2 for key, value in state.items()} | {'scale': torch.tensor(2.0)}
    with pytest.raises(CheckpointError, match='cannot map'):
        to_ours(halves)
    kept = ('backbone.', 'cls_head.', 'scale')
    scaled = Scaled(name='scaled', title='scaled', markers=('scale',), kept=kept)
    monkeypatch.setitem(LAYOUTS, 'scaled', scaled)
    assert all(torch.equal(value, state[key]) for key, value in to_ours(halves).state_dict.items())
    with pytest.raises(CheckpointError, match="cannot write 'scaled'"):
        convert(state, 'scaled')
    assert detect(state) == 'ours'
