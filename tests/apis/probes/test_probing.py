"""Contract: probes measure a frozen encoder on the videos of a config, and encode each once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner import save_checkpoint

from mmvideomae.apis import FeatureCache, ProbeReport, ProbeSettings, init_model, probe
from mmvideomae.apis.probes.frozen import FrozenEncoder, LabelledVideos
from mmvideomae.apis.probes.probing import NoVideosError
from mmvideomae.configs import ConfigError
from mmvideomae.errors import NotFiniteError
from tests.support.models import tiny_videomae
from tests.support.probes import probe_config

SETTINGS = ProbeSettings(neighbours=(1, 3), rates=(1e-2,), decays=(0.1,), heads=2, batch_size=4)


@pytest.fixture(scope='module')
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a pre-training, of which the encoder is used."""
    torch.manual_seed(0)
    model = pretrainer()
    path = tmp_path_factory.mktemp('weights') / 'pretrained.pth'
    save_checkpoint({'state_dict': model.state_dict()}, str(path))
    return path


def pretrainer() -> torch.nn.Module:
    return init_model(Config({'model': tiny_videomae()}), device='cpu')


@pytest.fixture(scope='module')
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('features')


@pytest.fixture(scope='module')
def report(coloured_videos: Path, weights: Path, stored: Path) -> ProbeReport:
    cache = FeatureCache(stored, 10**8)
    return probe(probe_config(coloured_videos), weights, SETTINGS, 'cpu', cache=cache)


def test_all_probes_know_the_colours(report: ProbeReport) -> None:
    assert report.videos == (12, 6) and report.num_classes == 3
    assert [each.probe for each in report.best()] == ['knn', 'linear', 'attentive']
    assert [each.top1 for each in report.best()] == [1, 1, 1]
    assert {each.top5 for each in report.results} == {1}  # of three classes
    plain = json.loads(json.dumps(report.as_json()))
    assert plain['best'][0]['settings'] == {'k': 1, 'votes': 'equal'}


def test_a_second_probe_computes_no_features(
    report: ProbeReport, coloured_videos: Path, weights: Path, stored: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(*_: Any) -> Iterator[Any]:
        raise AssertionError('features were computed again')

    monkeypatch.setattr(FrozenEncoder, 'encode', fail)
    cache = FeatureCache(stored, 10**8)
    again = probe(probe_config(coloured_videos), weights, SETTINGS, 'cpu', cache=cache)
    assert again == report
    torch.manual_seed(1)
    with pytest.raises(AssertionError, match='again'):  # of another encoder
        probe(probe_config(coloured_videos), None, SETTINGS, 'cpu', cache=cache)


def test_features_are_those_of_the_backbone(
    coloured_videos: Path, weights: Path, tmp_path: Path
) -> None:
    cfg = probe_config(coloured_videos)
    encoder = FrozenEncoder(cfg, weights, 'cpu')
    videos = LabelledVideos(cfg, 'test_dataloader', all_views=True)
    assert videos.labels.tolist() == [0, 1, 2, 0, 1, 2]
    found = next(encoder.encode(videos, [5, 2], True))
    assert found.tokens.shape == (2, 6, 32, 32) and found.tokens.dtype == np.float16
    model = pretrainer()
    model.load_state_dict(torch.load(weights)['state_dict'])
    for row, number in enumerate((5, 2)):
        clips = videos.dataset[number]['inputs'].permute(0, 4, 1, 2, 3)  # (V, C, T, H, W)
        with torch.no_grad():
            tokens = model.backbone(encoder.model.data_preprocessor.normalise(clips))
        np.testing.assert_allclose(found.tokens[row], tokens.numpy(), atol=2e-3)
        np.testing.assert_allclose(found.means[row], tokens.mean(1).numpy(), atol=1e-5)


def test_k_nn_equals_scikit_learn_on_the_stored_features(
    coloured_videos: Path, weights: Path, tmp_path: Path
) -> None:
    sklearn = pytest.importorskip('sklearn.neighbors')
    settings = ProbeSettings(probes=('knn',), neighbours=(1, 2, 5), distance='l2')
    cfg = probe_config(coloured_videos)
    # Labels that features do not explain.
    cfg.train_dataloader.dataset.sources[0].ann_file = str(tmp_path / 'train.csv')
    answers = [0, 1, 1, 2, 0, 0, 2, 1, 0, 2, 2, 1]
    lines = (f'train{number}.mp4 {label}\n' for number, label in enumerate(answers))
    (tmp_path / 'train.csv').write_text(''.join(lines))
    found = probe(cfg, weights, settings, 'cpu', cache=FeatureCache(tmp_path / 'f', 10**8))
    encoder = FrozenEncoder(cfg, weights, 'cpu')
    sets = [LabelledVideos(cfg, name) for name in ('train_dataloader', 'test_dataloader')]
    bank, queries = (
        np.concatenate([b.means[:, 0] for b in encoder.encode(each, each.ids, False)])
        for each in sets
    )
    ours = {each.settings['k']: each for each in found.results if each.settings['votes'] == 'equal'}
    for k in (1, 2, 5):
        theirs = sklearn.KNeighborsClassifier(k).fit(bank.astype(np.float64), answers)
        assert ours[k].top1 == pytest.approx(theirs.score(queries, [0, 1, 2, 0, 1, 2]))
    assert len({each.top1 for each in ours.values()}) > 1 or ours[1].top1 < 1


def test_unreadable_videos_are_left_out_of_training_and_wrong_in_the_test(
    coloured_videos: Path, weights: Path, tmp_path: Path
) -> None:
    for name in ('train', 'test'):
        lines = (coloured_videos / f'{name}.csv').read_text().replace(f'{name}1.', f'{tmp_path}/x.')
        (tmp_path / f'{name}.csv').write_text(lines * (2 if name == 'train' else 1))
    (tmp_path / 'x.mp4').write_bytes(b'no video')
    cfg = probe_config(coloured_videos)
    for name in ('train', 'test'):
        cfg[f'{name}_dataloader'].dataset.sources[0].ann_file = str(tmp_path / f'{name}.csv')
    settings = ProbeSettings(probes=('knn', 'linear'), neighbours=(1,))
    found = probe(cfg, weights, settings, 'cpu', cache=FeatureCache(tmp_path / 'f', 10**8))
    assert found.videos == (12, 6)  # an entry that a list repeats counts once
    assert found.skipped == (1, 1)
    assert [each.top1 for each in found.best()] == [pytest.approx(5 / 6)] * 2


def test_a_training_set_without_a_readable_video_is_named(
    coloured_videos: Path, weights: Path, tmp_path: Path
) -> None:
    cfg = probe_config(coloured_videos)
    cfg.train_dataloader.dataset.sources[0].data_prefix = 'nowhere'
    settings, cache = ProbeSettings(probes=('knn',)), FeatureCache(tmp_path, 10**8)
    with pytest.raises(NoVideosError, match=r"such as 'nowhere/.*': check the data prefix"):
        probe(cfg, weights, settings, 'cpu', cache=cache)


def test_probabilities_are_averaged_over_views(
    coloured_videos: Path, weights: Path, tmp_path: Path
) -> None:
    found = probe(
        probe_config(coloured_videos), weights, SETTINGS, 'cpu',
        cache=FeatureCache(tmp_path, 10**8), all_views=True,
    )  # fmt: skip
    assert [each.top1 for each in found.best()] == [1, 1, 1]


def test_what_cannot_be_probed_is_refused(
    coloured_videos: Path, weights: Path, tmp_path: Path
) -> None:
    cfg = probe_config(coloured_videos)
    cfg.train_dataloader.dataset.labelled = False
    with pytest.raises(ConfigError, match='train_dataloader have no labels'):
        LabelledVideos(cfg, 'train_dataloader')
    cfg.train_dataloader = None
    with pytest.raises(ConfigError, match='no train_dataloader'):
        LabelledVideos(cfg, 'train_dataloader')
    with pytest.raises(ConfigError, match='no model with a backbone'):
        FrozenEncoder(type(cfg)({'model': {}}), None)
    cfg = probe_config(coloured_videos)
    encoder = FrozenEncoder(cfg, weights, 'cpu')
    encoder.model.backbone.norm.bias.fill_(torch.nan)
    with pytest.raises(NotFiniteError):
        next(encoder.encode(LabelledVideos(cfg, 'test_dataloader'), [0], True))
