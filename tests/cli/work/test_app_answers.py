"""Contract: the buttons of the application give what the Python interface gives."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.apis import (
    ActionDetector,
    FeatureExtractor,
    Reconstructor,
    TemporalLocalizer,
    VideoClassifier,
    init_model,
)
from mmvideomae.cli.work.app_answers import Answers, Library, NoFeaturesError, shown_names
from mmvideomae.jobs.video_jobs import jobs_of
from mmvideomae.video.readers import open_reader
from mmvideomae.visualization.browser_video import plays_in_browsers
from tests.support.model_files import NAMES, write_model_files
from tests.support.videos import make_broken_video

Models = dict[str, list[str]]
HAS_DETECTION = find_spec('mmdet') is not None


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('app')


@pytest.fixture(scope='module')
def models(folder: Path) -> Models:
    return write_model_files(folder, detection=HAS_DETECTION)


def test_classes_and_segments(models: Models, folder: Path, tmp_path: Path) -> None:
    video = str(folder / 'videos/c.mp4')
    classifier = VideoClassifier(*models['classify'], device='cpu')
    localizer = TemporalLocalizer(*models['localize'], device='cpu')
    answers = Answers(tmp_path, classifier, localizer)
    told = answers.classify(video, 2)
    top = classifier(video).top[:2]
    assert [*told.items()] == [(one.label, one.score) for one in top]
    found = localizer(video)
    picture, rows = answers.localize(video, found[2].score)
    assert len(rows) == 3 and {row[2] for row in rows} <= set(NAMES)
    assert rows[0][3] == f'{found[0].score:.3f}' and picture.shape[1] > 1000


def test_reconstructions_hide_the_asked_share(models: Models, folder: Path, tmp_path: Path) -> None:
    answers = Answers(
        tmp_path, reconstructor=Reconstructor(init_model(*models['reconstruct'], device='cpu'))
    )
    video = str(folder / 'videos/c.mp4')
    picture, path, told = answers.reconstruct(video, 0.5, None)
    assert told.startswith('50 % of the tokens are hidden, loss ') and picture.ndim == 3
    with open_reader(path) as reader:
        assert len(reader) == 4 and plays_in_browsers(path)
    with pytest.raises(ValueError, match='has no frame at 99'):
        answers.reconstruct(video, 0.5, 99)


@pytest.mark.skipif(not HAS_DETECTION, reason='needs the detection level')
def test_people_are_drawn_on_the_video(models: Models, folder: Path, tmp_path: Path) -> None:
    detector = ActionDetector(*models['detect'], device='cpu', people='whole_frame')
    path, rows = Answers(tmp_path, detector=detector).detect(str(folder / 'videos/c.mp4'), 0.0)
    assert [row[0] for row in rows] == ['0:00.0', '0:01.0', '0:02.0', '0:03.0']
    assert rows[0][1] == '0 0 64 48' and '%' in rows[0][2]
    with open_reader(path) as reader:
        assert len(reader) == 40


def test_the_nearest_videos_of_a_folder(models: Models, folder: Path, tmp_path: Path) -> None:
    extractor = FeatureExtractor(*models['search'], device='cpu')
    videos = tmp_path / 'videos'
    videos.mkdir()
    for video in (folder / 'videos').iterdir():
        (videos / video.name).write_bytes(video.read_bytes())
    make_broken_video('truncated', videos / 'broken.mp4')
    library = Library(extractor, str(videos), tmp_path / 'out')
    assert [*library.failed] == ['broken'] and len(library.jobs) == 4
    answers = Answers(tmp_path / 'made', library=library)
    found = answers.search(str(folder / 'videos/c.mp4'), 2)
    # Another file with the same pictures is the nearest, the video itself is not among them.
    assert found[0] == (str(videos / 'c.mp4'), '1.000  c')
    mean = {job.video_id: extractor(job.path).features.mean(0) for job in library.jobs}
    own = mean['c'] / np.linalg.norm(mean['c'])
    others = {name: own @ row / np.linalg.norm(row) for name, row in mean.items() if name != 'c'}
    nearest = library.nearest(str(videos / 'c.mp4'), 9)
    assert [job.video_id for job, _ in nearest] == sorted(others, key=others.get, reverse=True)
    assert [score for _, score in nearest] == pytest.approx(sorted(others.values(), reverse=True))
    assert all(plays_in_browsers(path) for path, _ in answers.search(str(videos / 'c.mp4'), 9))


def test_features_are_computed_once_for_a_folder(
    models: Models, folder: Path, tmp_path: Path
) -> None:
    extractor = FeatureExtractor(*models['search'], device='cpu')
    seen: list[str] = []
    for names in (['[a] b', 'c', 'd', 'e'], []):
        seen.clear()
        library = Library(
            extractor, str(folder / 'videos'), tmp_path, lambda name, *_: seen.append(name)
        )
        assert [job.video_id for job in library.jobs] == ['[a] b', 'c', 'd', 'e']
        assert sorted(set(seen)) == names
    make_broken_video('text', tmp_path / 'bad' / 'a.mp4')
    with pytest.raises(NoFeaturesError, match=r'no video of .*, such as a: .*no video'):
        Library(extractor, str(tmp_path / 'bad'), tmp_path)


def test_videos_whose_names_are_not_utf8_are_shown(
    models: Models, folder: Path, tmp_path: Path
) -> None:
    """No page can name such a file, so it plays a copy."""
    video = os.fsdecode(os.fsencode(tmp_path) + b'/videos/a\xe9.mp4')
    Path(video).parent.mkdir()
    Path(video).write_bytes((folder / 'videos/c.mp4').read_bytes())
    assert shown_names(jobs_of(str(tmp_path / 'videos'))) == {r'a\udce9': video}
    extractor = FeatureExtractor(*models['search'], device='cpu')
    library = Library(extractor, str(tmp_path / 'videos'), tmp_path / 'out')
    ((file, name),) = Answers(tmp_path, library=library).search(str(folder / 'videos/c.mp4'), 2)
    assert name == r'1.000  a\udce9' and file.isascii()
    assert Path(file).read_bytes() == Path(video).read_bytes()
