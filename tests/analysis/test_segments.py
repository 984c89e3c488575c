"""Contract: proposed sizes fit their data, and a model can be built with them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmvideomae.analysis.segments import SegmentStatistics, measure_segments, propose
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.feature_files import FeatureFormat
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]


def statistics(videos: np.ndarray, segments: np.ndarray, share: float = 0.05) -> SegmentStatistics:
    return SegmentStatistics(
        videos, segments, np.full(len(segments), share), np.full(len(segments), 0.1), ('x',), ()
    )


def test_data_like_thumos14_get_the_sizes_of_actionformer() -> None:
    """Its segments last 4 seconds, some 25; a step is 4 frames of 30 fps; videos of minutes."""
    rng = np.random.default_rng(0)
    segments = rng.lognormal(np.log(3.0), 0.85, 3000) * 30 / 4
    found = propose(statistics(rng.uniform(200, 2400, 200), segments))
    assert found.regression_ranges == ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 10000))
    assert set(found.windows) in ({19}, {9}) and found.max_seq_len == 2304


@settings(max_examples=60)
@given(st.integers(4, 20000), st.floats(0.2, 3000.0), st.integers(0, 10**6))
def test_sizes_fit_whatever_the_data(longest: int, typical: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    videos = rng.integers(max(1, longest // 4), longest + 1, 50)
    segments = np.minimum(rng.lognormal(np.log(typical), 0.5, 80), longest)
    found = propose(statistics(videos, segments))
    levels = len(found.windows)
    assert len(found.regression_ranges) == len(found.segments_by_level) == levels >= 2
    assert sum(found.segments_by_level) == len(segments)
    ends = [high for _, high in found.regression_ranges]
    assert [low for low, _ in found.regression_ranges] == [0, *ends[:-1]] and ends == sorted(ends)
    for level, window in enumerate(found.windows):
        part = 2**level * ((window // 2) * 2 if window > 1 else 1)
        assert found.max_seq_len % part == 0
    assert found.longer_videos <= 0.06 or found.max_seq_len >= 4608


def test_the_proposal_is_a_config_that_builds(tmp_path: Path) -> None:
    found = propose(statistics(np.full(20, 290), np.full(60, 24.0)))
    base = ROOT / 'configs' / '_base_' / 'models' / 'actionformer.py'
    path = tmp_path / 'own.py'
    path.write_text(f"_base_ = ['{base}']\n{found.config(3)}\n")
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        cfg = Config.fromfile(path).model
        cfg.backbone.embed_dims = cfg.neck.in_channels = 16
        for head in (cfg.cls_head, cfg.reg_head):
            head.in_channels = head.hidden_channels = 16
        model = MODELS.build(cfg)
    assert model.cls_head.num_classes == 3
    assert found.max_seq_len % model.backbone.length_divisor == 0


def test_notes_tell_what_sizes_cannot_mend() -> None:
    short = propose(statistics(np.full(9, 500), np.full(60, 0.5)))
    assert short.short_segments == 1 and 'stride 4 times smaller' in short.notes[0]
    long = propose(statistics(np.full(9, 90), np.full(60, 40.0), share=0.4))
    assert any('fills 40 % of its video' in note for note in long.notes)


def test_lengths_come_from_features_or_from_durations(tmp_path: Path) -> None:
    video = {'duration': 20.0, 'fps': 10, 'annotations': [{'segment': [2, 6], 'label': 'a'}]}
    wrong = {**video, 'annotations': [{'segment': [6, 2], 'label': 'a'}]}
    annotation = tmp_path / 'a.json'
    annotation.write_text(json.dumps({'database': {'v': video, 'w': wrong}}))
    planned = measure_segments(annotation, expected=FeatureFormat(2, 16))
    assert planned.video_steps.tolist() == [93] and planned.segment_steps.tolist() == [20]
    assert len(planned.faults) == 1 and "'w'" in planned.faults[0]

    np.save(tmp_path / 'v.npy', np.zeros((47, 5), np.float32))
    FeatureInfo(10.0, 200, 20.0, 16, 4, 1, 0, 5, 'm', '', 'pyav').write(tmp_path / 'v.npy')
    found = measure_segments(annotation, tmp_path)
    assert found.video_steps.tolist() == [47] and found.segment_steps.tolist() == [10]
    assert found.shares.tolist() == [0.2] and len(found.faults) == 1

    with pytest.raises(AnnotationError, match=r"no video with segments.*'v'.*missing"):
        measure_segments(annotation, tmp_path / 'elsewhere')
    with pytest.raises(AnnotationError, match='used: give the folder of features, or their'):
        measure_segments(annotation)
