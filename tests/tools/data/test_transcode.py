"""transcode.py keeps tree, frames, times and orientation, and can be stopped and called again."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from mmvideomae import storage
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.videos.encoding import PRESETS, TranscodeSettings
from mmvideomae.preparation.videos.transcode import Transcoding, plan, transcode, unfinished
from mmvideomae.video.readers import open_reader
from tests.support.tools import CallTool, Outcome
from tests.support.videos import (
    frame_number,
    make_broken_video,
    moving_shapes,
    numbered_frames,
    write_video,
)


@pytest.fixture
def call(call_tool: CallTool) -> Callable[..., Outcome]:
    return lambda *words: call_tool('data/transcode.py', *words, '--workers', 1)


def redo_only(source: Path, **settings: Any) -> Path:
    target = source.with_name('new') / f'{source.stem}.mp4'
    transcode(Transcoding(str(source), str(target), TranscodeSettings(**settings)))
    return target


def redo(source: Path, **settings: Any) -> Path:
    target = redo_only(source, **settings)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    return target


def read(path: Path) -> np.ndarray:
    with open_reader(path, 'pyav') as reader:
        return reader.read(range(len(reader)))


def key_frames(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    return [number for number, packet in enumerate(packets) if packet.is_keyframe]


def test_frames_stay_and_key_frames_come_often(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', numbered_frames(60), gop=60)
    new = redo(path, gop=12)
    assert key_frames(path) == [0]
    keys = key_frames(new)
    assert keys[0] == 0 and max(np.diff([*keys, 60])) <= 12
    assert [frame_number(frame) for frame in read(new)] == list(range(60))
    with open_reader(new, 'decord') as reader:  # closed groups, which decord needs
        for index in (59, 30, 13):
            assert frame_number(reader.read([index])[0]) == index


@pytest.mark.parametrize(
    ('size', 'rotation', 'short_side', 'expected'),
    [
        ((120, 200), 0, 60, (60, 100)),
        ((200, 120), 0, 60, (100, 60)),
        ((120, 200), 90, 60, (100, 60)),
        ((64, 96), 0, 256, (64, 96)),  # never enlarged
        ((66, 98), 0, 65, (64, 96)),  # even sides
    ],
)
def test_size(
    size: tuple[int, int],
    rotation: int,
    short_side: int,
    expected: tuple[int, int],
    tmp_path: Path,
) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(4, *size), rotation=rotation)
    assert read(redo(path, short_side=short_side)).shape[1:3] == expected


@pytest.mark.parametrize('rotation', [0, 90, 180, 270])
@pytest.mark.parametrize('pix_fmt', ['yuv420p', 'yuvj420p'])
def test_pictures_and_colours_stay(rotation: int, pix_fmt: str, tmp_path: Path) -> None:
    path = write_video(
        tmp_path / 'a.mp4', moving_shapes(6, 64, 96), rotation=rotation, pix_fmt=pix_fmt, crf=5
    )
    old, new = read(path).astype(int), read(redo(path, crf=5)).astype(int)
    assert new.shape == old.shape
    assert np.abs(new - old).mean() < 2


def test_times_stay(tmp_path: Path) -> None:
    seconds = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.3, 30))
    path = write_video(tmp_path / 'a.mp4', numbered_frames(30), seconds=seconds)
    with av.open(str(redo(path))) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert np.diff(times) == pytest.approx(np.diff(seconds), abs=1e-3)


def lasting(path: Path, seconds: list[float], last: float) -> Path:
    """Write numbered frames at moments, the last for so long."""
    frames = numbered_frames(len(seconds))
    return write_video(path, frames, seconds=seconds, last=last, bframes=0)


def on_show(seconds: list[float], last: float, moment: float) -> int:
    """The frame that a player shows at a moment, by looking at each of them."""
    ends = [*seconds[1:], seconds[-1] + last]
    return next(n for n, (a, b) in enumerate(zip(seconds, ends, strict=True)) if a <= moment < b)


UNEVEN = [0.0, 0.1, 0.14, 0.5, 0.9, 1.0, 1.72]


@pytest.mark.parametrize(
    ('seconds', 'last', 'fps', 'frames'),
    [
        ([n / 28 for n in range(56)], 1 / 28, 28, 56),
        ([n / 28 for n in range(56)], 1 / 28, 25, 50),
        ([n / 2 for n in range(10)], 0.5, 25, 125),
        ([n / 25 for n in range(50)], 0.04, 5, 10),
        ([0.0], 0.04, 25, 1),
        ([0.0], 2.0, 25, 50),
        ([0.0], 0.04, 5, 1),
        (UNEVEN, 0.77, 25, 62),
        (UNEVEN, 0.77, 7, 17),
        (UNEVEN, 0.77, 30000 / 1001, 75),
    ],
)
def test_constant_rate_keeps_the_whole_length(
    seconds: list[float], last: float, fps: float, frames: int, tmp_path: Path
) -> None:
    path = lasting(tmp_path / 'a.mp4', seconds, last)
    with open_reader(redo(path, fps=fps), 'pyav') as reader:
        assert len(reader) == frames == max(1, int((seconds[-1] + last) * fps + 0.5))
        assert reader.fps == pytest.approx(fps)
        assert np.diff(reader.times) == pytest.approx(1 / fps, abs=1e-4)
        numbers = [frame_number(frame) for frame in reader.read(range(frames))]
    end = seconds[-1] + last
    for number, tick in zip(numbers, range(frames), strict=True):
        middle = (tick + 0.5) / fps
        near = {on_show(seconds, last, min(m, end - 1e-6)) for m in (middle - 1e-3, middle + 1e-3)}
        assert number in near


@pytest.mark.parametrize('frames', range(1, 8))
@pytest.mark.parametrize('last', [0.04, 0.9])
def test_every_frame_lasts_as_long_as_before(frames: int, last: float, tmp_path: Path) -> None:
    path = lasting(tmp_path / 'a.mp4', UNEVEN[:frames], last)
    with open_reader(redo(path), 'pyav') as reader:
        assert reader.times == pytest.approx(UNEVEN[:frames], abs=1e-3)
        assert reader.duration == pytest.approx(UNEVEN[frames - 1] + last, abs=2e-3)


def test_work_is_bounded_by_frames_and_not_by_times(tmp_path: Path) -> None:
    path = lasting(tmp_path / 'a.mkv', [0.0, 0.04, 86400.0, 86400.04], 0.04)
    with pytest.raises(ValueError, match=r'frame 1 lasts 86400 s.* 2159999 frames at 25'):
        redo_only(path, fps=25)
    with open_reader(redo(path), 'pyav') as reader:
        assert reader.times == pytest.approx([0.0, 0.04, 86400.0, 86400.04], abs=2e-3)


@pytest.mark.parametrize(
    ('aspect', 'rotation', 'short_side', 'expected'),
    [
        ('2/1', 0, 256, (64, 192)),
        ('1/2', 0, 256, (64, 48)),
        ('2/1', 90, 256, (192, 64)),
        ('2/1', 0, 32, (32, 96)),
        ('1/1', 0, 256, (64, 96)),
    ],
)
def test_pixels_become_square(
    aspect: str, rotation: int, short_side: int, expected: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / 'a.mp4'
    frames = numbered_frames(3, 64, 96)
    write_video(path, frames, rotation=rotation, aspect=Fraction(aspect))
    new = redo(path, short_side=short_side)
    with av.open(str(new)) as container:
        stream = container.streams.video[0]
        assert (stream.height, stream.width) == expected
        assert stream.sample_aspect_ratio == 1


def test_pictures_of_several_sizes_become_one(tmp_path: Path) -> None:
    parts = [
        write_video(tmp_path / f'{side}.ts', numbered_frames(5, side, 2 * side))
        for side in (64, 96, 48)
    ]
    path = tmp_path / 'a.ts'
    path.write_bytes(b''.join(part.read_bytes() for part in parts))
    frames = read(redo(path))
    assert frames.shape[:3] == (15, 64, 128)
    assert [frame_number(frame) for frame in frames] == [*range(5)] * 3


def test_a_second_run_into_one_folder_is_refused(
    call: Callable[..., Outcome], tmp_path: Path
) -> None:
    write_video(tmp_path / 'in' / 'a.mp4', moving_shapes(2))
    with storage.locked(tmp_path / 'out', 'another run'):
        captured = call(tmp_path / 'in', tmp_path / 'out')
    assert captured.code == 1
    assert 'is in use by another run of mmvideomae data transcode' in captured.err
    assert captured.err.count('\n') == 1 and not (tmp_path / 'out' / 'transcode.json').exists()
    assert call(tmp_path / 'in', tmp_path / 'out').code == 0


@pytest.mark.parametrize('stem', [b'caf\xe9', b'"one" and \'other\'', b'a:b', b'x' * 250])
def test_any_name_of_a_file_will_do(stem: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(stem + b'.mp4')
    write_video(tmp_path / 'a.mp4', numbered_frames(3)).rename(path)
    assert len(read(redo(path))) == 3


@pytest.mark.parametrize(
    ('name', 'codec'), [('a.avi', 'mpeg4'), ('a.mpg', 'mpeg2video'), ('a.ts', 'libx264')]
)
def test_containers_with_poor_times(name: str, codec: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / name, numbered_frames(30), codec=codec)
    assert [frame_number(frame) for frame in read(redo(path))] == list(range(30))


@pytest.mark.parametrize('kind', ['truncated_faststart', 'missing_frames', 'audio_only', 'text'])
def test_broken_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    path = make_broken_video(kind, tmp_path / 'a.mp4')
    job = Transcoding(str(path), str(tmp_path / 'new' / 'a.mp4'), TranscodeSettings())
    with pytest.raises(ValueError, match=r'Invalid data|no video stream|it lists 48') as caught:
        transcode(job)
    assert 'Errno' not in str(caught.value)
    assert not list((tmp_path / 'new').iterdir())


def test_tree_resume_and_failures(call: Callable[..., Outcome], tmp_path: Path) -> None:
    source, out = tmp_path / 'in', tmp_path / 'out'
    write_video(source / 'run' / 'ein Clip.avi', moving_shapes(5), codec='mpeg4')
    write_video(source / 'jump' / 'b.mp4', moving_shapes(5))
    make_broken_video('text', source / 'bad.mp4')
    (out / 'jump').mkdir(parents=True)
    dead = storage.process_name().replace(f'-{os.getpid()}', f'-{2**31 - 1}')
    storage.temporary_path(out / 'jump' / 'b.mp4', dead).write_text('of a run that was killed')
    done = call(source, out, '--json')
    assert done.code == 1
    summary = done.summary
    assert (summary['videos'], summary['written'], summary['failed']) == (3, 2, 1)
    assert summary['frames'] == 10 and summary['bytes_after'] > 0
    bad = str(source / 'bad.mp4')
    assert list(summary['reasons']) == [bad]
    assert (out / 'failed.txt').read_text().startswith(f'{bad}\t')
    files = {str(path.relative_to(out)) for path in out.rglob('*') if path.is_file()}
    assert files == {'run/ein Clip.mp4', 'jump/b.mp4', 'failed.txt', 'transcode.json', '.lock'}

    before = (out / 'jump' / 'b.mp4').stat().st_mtime_ns
    (out / 'run' / 'ein Clip.mp4').unlink()
    (source / 'bad.mp4').unlink()
    done = call(source, out, '--json')
    assert done.code == 0
    summary = done.summary
    assert (summary['written'], summary['already_done']) == (1, 1)
    assert (out / 'jump' / 'b.mp4').stat().st_mtime_ns == before

    captured = call(source, out, '--gop', 5)
    assert captured.code == 1
    assert 'was made with' in captured.err and captured.err.count('\n') == 1
    again = call(source, out, '--gop', 5, '--overwrite')
    assert again.code == 0 and 'next: ' in again.out
    assert (out / 'jump' / 'b.mp4').stat().st_mtime_ns != before
    make_broken_video('text', tmp_path / 'bad' / 'bad.mp4')
    assert 'next: ' not in call(tmp_path / 'bad', tmp_path / 'none').out


def test_other_settings_begin_anew_even_when_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped --overwrite must not leave old files that the next call takes for new."""
    write_video(tmp_path / 'in' / 'a.mp4', moving_shapes(2))
    old = plan(tmp_path / 'in', tmp_path / 'out', TranscodeSettings(gop=12))
    assert unfinished(old, tmp_path / 'out') == old
    Path(old[0].target).write_text('finished')
    assert not unfinished(old, tmp_path / 'out')
    new = plan(tmp_path / 'in', tmp_path / 'out', TranscodeSettings(gop=5))
    with monkeypatch.context() as patch:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(storage, 'write_note', stop)
        with pytest.raises(KeyboardInterrupt):
            unfinished(new, tmp_path / 'out', overwrite=True)
    assert not Path(old[0].target).exists()  # before the note of the new settings is written
    assert unfinished(new, tmp_path / 'out', overwrite=True) == new
    assert unfinished(new, tmp_path / 'out') == new  # as after a stop before the first file


def test_bad_input_is_one_line(call: Callable[..., Outcome], tmp_path: Path) -> None:
    for name in ('a.mp4', 'a.avi'):
        (tmp_path / 'twice').mkdir(exist_ok=True)
        (tmp_path / 'twice' / name).touch()
    for source, out, words, reason in (
        (tmp_path / 'gone', tmp_path / 'out', (), 'no such folder'),
        (tmp_path / 'twice', tmp_path / 'out', (), 'would be one'),
        (tmp_path / 'twice', tmp_path / 'twice' / 'out', (), 'lies inside'),
        (tmp_path / 'twice', tmp_path / 'out', ('--gop', 0), 'must be positive'),
    ):
        captured = call(source, out, *words)
        assert captured.code == 1
        assert reason in captured.err and captured.err.count('\n') == 1
    assert not (tmp_path / 'out').exists()


def test_one_file(call: Callable[..., Outcome], tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.avi', moving_shapes(2), codec='mpeg4')
    assert call(path, tmp_path / 'new').out.endswith(f'sources.0.folder={tmp_path}/new\n')
    jobs = plan(path, tmp_path / 'out', TranscodeSettings())
    assert [(job.source, job.target) for job in jobs] == [
        (str(path), str(tmp_path / 'out' / 'a.mp4'))
    ]
    with pytest.raises(AnnotationError, match='no such folder'):
        plan(tmp_path / 'b.avi', tmp_path / 'out', TranscodeSettings())


@pytest.mark.parametrize('preset', ['training', 'training-fast'])
@pytest.mark.parametrize('even', [True, False])
def test_presets_for_training_keep_frames_and_their_times(
    preset: str, even: bool, tmp_path: Path
) -> None:
    seconds = None if even else np.cumsum(np.random.default_rng(0).uniform(0.02, 0.2, 40))
    path = write_video(tmp_path / 'a.mp4', numbered_frames(40), seconds=seconds)
    new = redo(path, **asdict(PRESETS[preset]))
    with open_reader(path) as old, open_reader(new) as reader:
        assert [frame_number(frame) for frame in reader.read(range(40))] == list(range(40))
        np.testing.assert_allclose(reader.times, old.times, atol=1e-4)


@pytest.mark.parametrize(('preset', 'references'), [('training', 16), ('training-fast', 64)])
def test_training_copies_have_few_references_and_near_key_frames(
    preset: str, references: int, tmp_path: Path
) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(64, 64, 64))
    new = redo(path, **asdict(PRESETS[preset]))
    with av.open(str(new)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert sum(keys) == {'training': 8, 'training-fast': 64}[preset]
    with av.open(str(new)) as container:
        container.streams.video[0].codec_context.skip_frame = 'NONREF'
        assert sum(1 for _ in container.decode(video=0)) <= references + 8


def test_settings_override_a_preset(call: Callable[..., Outcome], tmp_path: Path) -> None:
    write_video(tmp_path / 'in' / 'a.mp4', moving_shapes(4))
    out = tmp_path / 'out'
    assert call(tmp_path / 'in', out, '--preset', 'training', '--crf', 30).code == 0
    note = json.loads((out / 'transcode.json').read_text())
    assert note == {**asdict(PRESETS['training']), 'crf': 30}
    with pytest.raises(ValueError, match='quantizer'):
        TranscodeSettings(codec='mpeg4', crf=32)
