"""Contract: benchmark_tokens.py compares three ways to the same codes in one run."""

import multiprocessing
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from mmvideomae.analysis import own_process
from mmvideomae.analysis.code_contenders import one_frame_at_a_time, one_pass_a_view
from mmvideomae.errors import UserError
from mmvideomae.formats.code_files import code_path
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.synthetic.videos import write_long_video
from tests.support.code_files import VIEWS
from tests.support.tokenizers import tiny_tokenizer
from tests.support.tools import CallTool
from tests.support.videos import make_broken_video, moving_shapes, write_video


@pytest.mark.parametrize('peer', [one_frame_at_a_time, one_pass_a_view])
@pytest.mark.parametrize('fps', [4, 20])
def test_peers_come_to_the_codes_of_the_extractor(tmp_path: Path, peer: object, fps: int) -> None:
    """Also where a slow video shows a frame several times."""
    write_video(tmp_path / 'a.mp4', moving_shapes(16, 48, 64), fps=10)
    extractor = CodeExtractor(tiny_tokenizer(), fps, 32, **VIEWS)
    frames = extractor.save(tmp_path / 'a.mp4', tmp_path, 'a')
    ours = [np.load(code_path(tmp_path, 'a', view)) for view in extractor.info.views]
    found = peer(tiny_tokenizer(), tmp_path / 'a.mp4', fps, 32, extractor.crop.views)
    assert found.shape == (frames, 12, 4, 4)
    # A reader converts colours otherwise than OpenCV, by a grey level: near ties differ.
    assert (found.swapaxes(0, 1) == np.stack(ours)).mean() > 0.95


def _sum_of(count: int) -> object:
    if count < 0:
        raise UserError('no such tensor')
    return lambda: int(torch.ones(count).sum())


def test_what_a_contender_takes_or_why_it_is_refused_is_sent() -> None:
    """In this process; `in_own_process` starts one and receives."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    own_process._measure(_sum_of, 3, sender)
    result = receiver.recv()
    assert result['value'] == 3 and {'wall_s', 'cpu_s', 'peak_mib'} < result.keys()
    own_process._measure(_sum_of, -1, sender)
    assert receiver.recv() == {'error': 'no such tensor'}


def test_a_long_video_is_as_long_as_asked(tmp_path: Path) -> None:
    path = write_long_video(tmp_path / 'a.mp4', 3, gop=5, fps=4, sides=(16, 24))
    with av.open(path) as file:
        assert sum(1 for _ in file.decode(video=0)) == 12


def test_wrong_input_ends_in_one_line(call_tool: CallTool, tmp_path: Path) -> None:
    video = make_broken_video('text', tmp_path / 'a.mp4')
    done = call_tool('analysis_tools/benchmark_tokens.py', video)
    assert done.code == 1 and done.out == '' and len(done.err.splitlines()) == 1
    assert done.err.startswith('benchmark_tokens.py: cannot read video')
    done = call_tool('analysis_tools/benchmark_tokens.py', '--fps', 0)
    assert done.code == 2 and 'must be positive' in done.err
