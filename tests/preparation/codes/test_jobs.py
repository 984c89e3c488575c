"""Contract: extraction of many videos can be continued, and a folder never mixes codes."""

from pathlib import Path
from typing import Any

import pytest

from mmvideomae.formats.code_files import CodeFileError, CodeInfo
from mmvideomae.jobs.video_jobs import Outcome, jobs_of
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.preparation.codes.jobs import extract_codes
from tests.support.tokenizers import tiny_tokenizer
from tests.support.videos import make_broken_video, moving_shapes, write_video

TOKENIZER = tiny_tokenizer()


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / 'videos'
    for name, frames in (('a.mp4', 30), ('deep/b.mp4', 20)):
        write_video(folder / name, moving_shapes(frames, 48, 64), fps=10)
    return folder


def run(videos: Path, out: Path, tokenizer: Any = TOKENIZER, **settings: Any) -> Outcome:
    extractor = CodeExtractor(tokenizer, **{'fps': 2, 'size': 32, **settings})
    return list(extract_codes(extractor, jobs_of(videos), out))[-1]


def files(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob('*.npy'))


def test_finished_videos_are_skipped_and_a_run_continues(videos: Path, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    running = extract_codes(CodeExtractor(TOKENIZER, 2, 32), jobs_of(videos), out)
    next(running), next(running)
    running.close()  # interrupted after the first video
    assert files(out) == ['a/32-centre.npy']
    outcome = run(videos, out)
    assert (outcome.skipped, outcome.done, outcome.units) == (['a'], ['deep/b'], 4)
    assert files(out) == ['a/32-centre.npy', 'deep/b/32-centre.npy']
    assert run(videos, out).done == []


def test_a_video_whose_views_are_not_all_there_is_done_again(videos: Path, tmp_path: Path) -> None:
    run(videos, tmp_path, positions=('top', 'centre'))
    (tmp_path / 'a' / '32-top.npy').unlink()
    outcome = run(videos, tmp_path, positions=('top', 'centre'))
    assert (outcome.done, outcome.skipped) == (['a'], ['deep/b'])


def test_views_are_added_to_a_folder(videos: Path, tmp_path: Path) -> None:
    run(videos, tmp_path)
    assert run(videos, tmp_path, flip=True).done == ['a', 'deep/b']
    assert CodeInfo.read(tmp_path).views == ('32-centre', '32-centre-flip')
    assert run(videos, tmp_path).skipped == ['a', 'deep/b']
    assert CodeInfo.read(tmp_path).views == ('32-centre', '32-centre-flip')


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'fps': 4}, r'its codes have fps=2, but fps=4 is expected: choose another folder'),
        ({'size': 40}, 'its codes have size=32, but size=40'),
        ({'tokenizer': tiny_tokenizer(1)}, 'its codes have fingerprint='),
    ],
)
def test_codes_of_other_settings_are_not_mixed(
    videos: Path, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    run(videos, tmp_path)
    with pytest.raises(CodeFileError, match=message):
        run(videos, tmp_path, **settings)
    assert CodeInfo.read(tmp_path).fps == 2


def test_a_video_that_fails_does_not_stop_the_rest(videos: Path, tmp_path: Path) -> None:
    make_broken_video('truncated', videos / 'b.mp4')
    out = tmp_path / 'out'
    outcome = run(videos, out)
    assert (outcome.done, list(outcome.failed)) == (['a', 'deep/b'], ['b'])
    assert 'b.mp4' in (out / 'b.error').read_text() and not (out / 'b').exists()
