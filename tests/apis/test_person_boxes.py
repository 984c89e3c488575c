"""Contract: people are those that mmdet finds at the given times, with boxes as frame fractions."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.registry import DefaultScope

from mmvideomae.apis.person_boxes import DetectedPeople, PersonDetector, find_people
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.registry import DetectionMissingError
from mmvideomae.video.readers import VideoReadError, open_reader
from tests.support.person_detector import tiny_person_config, write_person_detector
from tests.support.videos import moving_shapes, write_video

mmdet_apis = pytest.importorskip('mmdet.apis', reason='needs the detection level')


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_person_detector(tmp_path_factory.mktemp('people'))


@pytest.fixture(scope='module')
def detector(files: tuple[Path, Path]) -> PersonDetector:
    return PersonDetector(*files, device='cpu', min_score=0.3, batch_size=2)


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('videos') / 'clip.mp4'
    return write_video(path, moving_shapes(40, 48, 64), fps=10)


def test_equals_mmdet(files: tuple[Path, Path], detector: PersonDetector) -> None:
    """Of three pictures of two sizes, two at a time; mmdet takes them one by one, in BGR."""
    pictures = [*moving_shapes(2, 48, 64, seed=1), moving_shapes(1, 64, 40, seed=2)[0]]
    scope = DefaultScope.get_current_instance()
    found = detector(pictures)
    assert DefaultScope.get_current_instance() is scope
    with DefaultScope.overwrite_default_scope('mmdet'):
        theirs = mmdet_apis.init_detector(str(files[0]), str(files[1]), device='cpu')
        told = mmdet_apis.inference_detector(theirs, [each[..., ::-1] for each in pictures])
    sides = [np.array([*picture.shape[1::-1]] * 2) for picture in pictures]
    for rows, sample, side in zip(found, told, sides, strict=True):
        all_of_them = sample.pred_instances.numpy()
        assert {0, 1} == set(all_of_them.labels.tolist())
        kept = all_of_them[(all_of_them.labels == 1) & (all_of_them.scores >= 0.3)]
        assert len(rows) == len(kept) > 0 and rows.dtype == np.float32
        np.testing.assert_allclose(rows[:, 4], np.sort(kept.scores)[::-1], atol=1e-4)
        order = np.argsort(-kept.scores, kind='stable')
        expected = (kept.bboxes[order] / side).clip(0, 1)
        np.testing.assert_allclose(rows[:, :4], expected, atol=1e-3)
    assert detector([]) == []


def test_the_category_is_found_by_its_name(detector: PersonDetector, tmp_path: Path) -> None:
    swapped = write_person_detector(tmp_path, ('person', 'car'))  # the same weights
    pictures = list(moving_shapes(1, 48, 64, seed=1))
    first, second = (
        PersonDetector(*swapped, device='cpu', category=name, min_score=0.3)(pictures)[0]
        for name in ('person', 'car')
    )
    np.testing.assert_array_equal(second, detector(pictures)[0])
    assert len(first) and len(second) and not np.array_equal(first, second)
    with pytest.raises(ValueError, match="no category 'cat', only person, car"):
        PersonDetector(*swapped, device='cpu', category='cat')


def test_people_at_moments_of_a_video(detector: PersonDetector, video: Path) -> None:
    seen: list[tuple[int, int]] = []
    place = {'filename': str(video), 'start_second': 900.0}
    found = find_people(detector, place, 'clip', [903, 900, 901.52], lambda *now: seen.append(now))
    assert isinstance(found, DetectedPeople) and list(found) == [900, 901.52, 903]
    with open_reader(video) as reader:
        pictures = list(reader.read([0, 15, 30]))
    for rows, expected in zip(found.values(), detector(pictures), strict=True):
        np.testing.assert_allclose(rows, expected, atol=1e-4)
    assert seen == [(2, 3), (3, 3)]
    assert list(found.proposals()) == [('clip', 900), ('clip', 901.52), ('clip', 903)]


def test_people_in_a_folder_of_frames(detector: PersonDetector, tmp_path: Path) -> None:
    pictures = moving_shapes(6, 48, 64)
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f'f_{number:03}.png'), picture[..., ::-1])
    place = {
        'filename': str(tmp_path),
        'filename_tmpl': 'f_{:03}.png',
        'start_index': 0,
        'fps': 2,
    }
    found = find_people(detector, place, 'frames', [0.0, 2.5])
    np.testing.assert_allclose(found[2.5], detector([pictures[5]])[0], atol=1e-5)


def test_moments_outside_and_videos_that_cannot_be_read(
    detector: PersonDetector, video: Path
) -> None:
    with pytest.raises(AnnotationError, match="'clip': timestamp 4 lies outside"):
        find_people(detector, {'filename': str(video)}, 'clip', [1, 4])
    with pytest.raises(VideoReadError, match='no such file'):
        find_people(detector, {'filename': 'none.mp4'}, 'none', [1])


def test_weights_of_another_model_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    """All of them, and one of another shape; mmdet would look with random ones."""
    torch.save({'state_dict': {'x': torch.ones(2)}}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match=r'x\.pth is not a checkpoint .* (\d+) of its \1 weights'):
        PersonDetector(files[0], tmp_path / 'x.pth', 'cpu')
    classes = ('car', 'person', 'dog')
    (tmp_path / 'other').mkdir()
    _, other = write_person_detector(tmp_path / 'other', classes)
    with pytest.raises(ValueError, match=r'2 of its \d+ weights .* bbox_head\.retina_cls\.weight'):
        PersonDetector(files[0], other, 'cpu')


def test_a_config_of_ours_is_none_of_mmdet(files: tuple[Path, Path], tmp_path: Path) -> None:
    cfg = tiny_person_config()
    cfg.model.type = 'Nothing'
    cfg.dump(tmp_path / 'nothing.py')
    with pytest.raises(ValueError, match=r'nothing\.py is not the config of an mmdet detector'):
        PersonDetector(tmp_path / 'nothing.py', files[1], 'cpu')
    cfg = tiny_person_config()
    cfg.test_dataloader.dataset.pipeline.append({'type': 'SampleKeyFrameClip'})
    cfg.dump(tmp_path / 'ours.py')
    with pytest.raises(ValueError, match=r'ours\.py is not the config of an mmdet detector'):
        PersonDetector(tmp_path / 'ours.py', files[1], 'cpu')


def test_names_of_categories_come_from_older_checkpoints_too(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    content = torch.load(files[1])
    cfg = tiny_person_config()
    del cfg.test_dataloader.dataset['metainfo']
    for meta in ({'CLASSES': ('bus', 'walker')}, {'dataset_meta': {'CLASSES': ('bus', 'walker')}}):
        torch.save({**content, 'meta': meta}, tmp_path / 'old.pth')
        assert PersonDetector(cfg, tmp_path / 'old.pth', 'cpu', 'walker').label == 1


def test_wrong_use_is_refused(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match='min_score in'):
        PersonDetector(*files, min_score=2)
    for config, message in (
        ('none.py', r'config not found: .*none\.py'),
        ('mmdet::none.py', 'mmdet::none.py: the config does not exist'),
        (files[1], r'people\.pth is not a config'),
    ):
        with pytest.raises((FileNotFoundError, ValueError), match=message):
            PersonDetector(config, files[1])
    with pytest.raises(FileNotFoundError, match=r'none\.pth: the checkpoint'):
        PersonDetector(files[0], tmp_path / 'none.pth')
    with pytest.raises(ValueError, match=r'people\.py needs the weights'):
        PersonDetector(files[0])
    Config({'model': {'type': 'x'}}).dump(tmp_path / 'other.py')
    with pytest.raises(ValueError, match=r'other\.py has no model and test_dataloader'):
        PersonDetector(tmp_path / 'other.py')
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(DetectionMissingError, match='mmvideomae doctor'):
        PersonDetector(tiny_person_config())
