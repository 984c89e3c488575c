"""Contract: extract_tokens.py extracts, divides and continues work, or ends in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine import Config

from mmvideomae.formats.code_files import CodeInfo
from tests.support.tokenizers import TINY, tiny_tokenizer
from tests.support.tools import CallTool, Outcome
from tests.support.videos import make_broken_video, moving_shapes, write_video


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tiny.py, its weights and videos/{a,b}.mp4 of 3 and 2 seconds."""
    folder = tmp_path_factory.mktemp('tokens')
    torch.save({'state_dict': tiny_tokenizer().state_dict()}, folder / 'tiny.pth')
    own = {'type': 'Pretrained', 'checkpoint': str(folder / 'tiny.pth')}
    preprocessor = {'type': 'CodeDataPreprocessor', 'tokenizer': {**TINY, 'init_cfg': own}}
    Config({'model': {'data_preprocessor': preprocessor}}).dump(folder / 'tiny.py')
    for name, frames in (('a', 30), ('b', 20)):
        write_video(folder / 'videos' / f'{name}.mp4', moving_shapes(frames, 48, 64), fps=10)
    return folder


@pytest.fixture
def run(call_tool: CallTool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'SLURM_ARRAY_TASK_ID'):
        monkeypatch.delenv(name, raising=False)

    def call(out: Path, *options: str, videos: Path | None = None) -> Outcome:
        places = [folder / 'tiny.py', videos or folder / 'videos', out]
        return call_tool('misc/extract_tokens.py', *places, '--device', 'cpu', '--size', '32',
                         *options)  # fmt: skip

    return call


@pytest.mark.parametrize(('views', 'count'), [('centre', 1), ('unmirrored', 6), ('all', 12)])
def test_a_folder_of_videos(run: Any, tmp_path: Path, views: str, count: int) -> None:
    outcome = run(tmp_path, '--views', views, '--fps', '4', '--json')
    assert outcome.code == 0
    summary = outcome.summary
    assert (summary['videos'], summary['done'], summary['frames']) == (2, 2, 12 + 8)
    assert '2/2 videos, 0 failed' in outcome.err and 'frames/s, 0 s left' in outcome.err
    info = CodeInfo.read(tmp_path)
    assert summary['settings'] == json.loads((tmp_path / 'codes.json').read_text())
    assert (info.tokenizer, info.fps, info.size) == ('PatchTokenizer', 4, 32)
    assert len(info.views) == count == len(list((tmp_path / 'a').iterdir()))
    again = run(tmp_path, '--views', views, '--fps', '4')
    assert again.code == 0 and '0 of 2 videos' in again.out and '2 already finished' in again.out


def test_shares_make_the_whole(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('WORLD_SIZE', '2')
    for rank in (0, 1):
        monkeypatch.setenv('RANK', str(rank))
        assert run(tmp_path, '--json').summary['done'] == 1
    assert sorted(path.parent.name for path in tmp_path.rglob('*.npy')) == ['a', 'b']


def test_a_bad_video_is_told_by_the_status(run: Any, tmp_path: Path) -> None:
    videos = tmp_path / 'videos'
    make_broken_video('empty', videos / 'bad.mp4')
    outcome = run(tmp_path / 'out', videos=videos)
    assert outcome.code == 3 and 'bad:' in outcome.out and 'Traceback' not in outcome.err


def test_wrong_input_ends_in_one_line(run: Any, folder: Path, tmp_path: Path) -> None:
    assert run(tmp_path).code == 0
    for options, message in (
        (('--fps', '16'), 'its codes have fps=2.0, but fps=16.0 is expected'),
        (('--size', '36'), 'size 36 is not a multiple of 8'),
        (('--cfg-options', 'model.data_preprocessor.tokenizer.init_cfg=None'), 'random weights'),
        (('--checkpoint', str(folder / 'absent.pth')), 'absent.pth'),
    ):
        outcome = run(tmp_path, *options)
        lines = [line for line in outcome.err.splitlines() if line]
        assert outcome.code == 1 and message in lines[-1] and 'Traceback' not in outcome.err
