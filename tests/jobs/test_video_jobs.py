"""Contract: many videos are found, named, divided and processed even if some fail."""

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.jobs.video_jobs import (
    Advance,
    Job,
    Outcome,
    file_of,
    jobs_of,
    share_of,
    work_through,
)
from mmvideomae.storage import process_name
from mmvideomae.video.readers import VideoReadError
from tests.support.videos import moving_shapes, write_video

Work = Callable[[Job, Advance], int]


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / 'videos'
    for name, frames in (('a.mp4', 12), ('b.c.mp4', 9), ('deep/a.mkv', 3)):
        write_video(folder / name, moving_shapes(frames))
    return folder


def test_videos_of_a_folder_a_file_and_a_list(videos: Path, tmp_path: Path) -> None:
    assert [job.video_id for job in jobs_of(videos)] == ['a', 'b.c', 'deep/a']
    assert jobs_of(videos / 'a.mp4') == [Job(str(videos / 'a.mp4'), 'a')]
    names = tmp_path / 'list.csv'
    names.write_text(f'deep/a.mkv 3\n# none\n{videos}/b.c.mp4 0\n')
    assert jobs_of(names, str(videos)) == [
        Job(str(videos / 'deep/a.mkv'), 'deep/a'),
        Job(str(videos / 'b.c.mp4'), 'b.c'),
    ]


def test_folders_of_frames(tmp_path: Path) -> None:
    for name in ('one', 'two/x.y'):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / 'img_00001.jpg'), moving_shapes(1)[0])
    assert [job.video_id for job in jobs_of(tmp_path)] == ['one', 'two/x.y']
    assert jobs_of(tmp_path / 'one') == [Job(str(tmp_path / 'one'), 'one')]


def test_folders_of_frames_may_begin_with_any_number(tmp_path: Path) -> None:
    for name, first in (('zero', 0), ('seven', 7)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f'img_{first:05}.jpg').touch()
        assert jobs_of(tmp_path / name) == [Job(str(tmp_path / name), name)]
    assert [job.video_id for job in jobs_of(tmp_path)] == ['seven', 'zero']


def test_a_video_of_unknown_suffix_is_a_video_and_no_list(videos: Path) -> None:
    for name in ('film.xyz', 'film'):
        (videos / name).write_bytes((videos / 'a.mp4').read_bytes())
        assert jobs_of(videos / name) == [Job(str(videos / name), name)]


def test_sources_without_videos_and_names_that_clash(videos: Path, tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    with pytest.raises(AnnotationError, match=r'no video below .*empty.*, nor a folder of frames'):
        jobs_of(tmp_path / 'empty')
    with pytest.raises(AnnotationError, match=r'cannot read the list .*none\.txt'):
        jobs_of(tmp_path / 'none.txt')
    write_video(videos / 'a.avi', moving_shapes(3), codec='mpeg4')
    with pytest.raises(AnnotationError, match=r'a\.avi and .*a\.mp4 would both be named a'):
        jobs_of(videos)


@given(count=st.integers(0, 40), world=st.integers(1, 4), tasks=st.integers(1, 4),
       first=st.integers(0, 3), step=st.integers(1, 3))  # fmt: skip
def test_shares_are_disjoint_and_whole(
    count: int, world: int, tasks: int, first: int, step: int
) -> None:
    taken: list[int] = []
    for rank in range(world):
        for task in range(tasks):
            share, shares = share_of({
                'RANK': str(rank),
                'WORLD_SIZE': str(world),
                'SLURM_ARRAY_TASK_ID': str(first + task * step),
                'SLURM_ARRAY_TASK_COUNT': str(tasks),
                'SLURM_ARRAY_TASK_MIN': str(first),
                'SLURM_ARRAY_TASK_STEP': str(step),
            })  # fmt: skip
            assert shares == world * tasks
            taken += range(count)[share::shares]
    assert sorted(taken) == list(range(count))


def test_one_process_takes_all_and_an_array_with_gaps_none() -> None:
    assert share_of({}) == (0, 1)
    assert share_of({'SLURM_ARRAY_TASK_ID': '5', 'SLURM_ARRAY_TASK_MIN': '5'}) == (0, 1)
    with pytest.raises(ValueError, match='task 8 of 3 has no share'):
        share_of({
            'SLURM_ARRAY_TASK_ID': '9',
            'SLURM_ARRAY_TASK_COUNT': '3',
            'SLURM_ARRAY_TASK_MIN': '1',
        })  # fmt: skip


def test_work_is_done_once_and_failures_are_noted_until_they_are_mended(tmp_path: Path) -> None:
    jobs = [Job(f'{name}.mp4', name) for name in ('a', 'deep/b', 'c')]
    broken = {'deep/b'}
    seen: list[tuple[str, int, int]] = []

    def work(job: Job, advance: Advance) -> int:
        advance(1, 2)
        if job.video_id in broken:
            raise VideoReadError(job.path, 'it is torn')
        file_of(job, tmp_path, '.txt').write_text('done')
        return 5

    def run() -> Outcome:
        def finished(job: Job) -> bool:
            return file_of(job, tmp_path, '.txt').exists()

        def note(*now: object) -> None:
            seen.append(now)

        return list(work_through(jobs, tmp_path, finished, work, (VideoReadError,), note))[-1]

    assert run() == Outcome(done=['a', 'c'], failed={'deep/b': 'it is torn'}, units=10)
    assert seen == [('a', 1, 2), ('deep/b', 1, 2), ('c', 1, 2)]
    assert (tmp_path / 'deep/b.error').read_text() == 'deep/b.mp4: it is torn\n'
    broken.clear()
    assert run() == Outcome(done=['deep/b'], skipped=['a', 'c'], units=5)
    assert not (tmp_path / 'deep/b.error').exists()


def test_what_became_of_videos_stays_as_it_was_told(tmp_path: Path) -> None:
    jobs = [Job(f'{name}.mp4', name) for name in ('a', 'b')]
    told = list(work_through(jobs, tmp_path, lambda job: False, lambda job, advance: 1))
    assert [each.done for each in told] == [[], ['a'], ['a', 'b']]
    assert [each.units for each in told] == [0, 1, 2]


def done_by(work: Work, out: Path, *names: str) -> Outcome:
    jobs = [Job(f'{name}.mp4', name) for name in names]
    return list(work_through(jobs, out, lambda job: False, work))[-1]


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (VideoReadError('b.mp4', 'it is torn'), 'it is torn'),
        (ValueError('no such colour'), 'no such colour'),
        (PermissionError(errno.EACCES, 'Permission denied', 'b.npy'), 'Permission denied'),
        (OSError(errno.ENAMETOOLONG, 'File name too long'), 'File name too long'),
        (MemoryError(), 'out of memory'),
        (IndexError('pop from empty list'), 'IndexError: pop from empty list'),
        (RuntimeError(), 'RuntimeError'),
    ],
)
def test_a_video_that_fails_costs_only_itself(
    error: Exception, reason: str, tmp_path: Path
) -> None:
    def work(job: Job, advance: Advance) -> int:
        if job.video_id == 'b':
            raise error
        return 1

    outcome = done_by(work, tmp_path, 'a', 'b', 'c')
    assert outcome.done == ['a', 'c'] and list(outcome.failed) == ['b']
    assert reason in outcome.failed['b'] and reason in (tmp_path / 'b.error').read_text()
    assert [path.name for path in tmp_path.iterdir()] == ['b.error']


@pytest.mark.parametrize(
    'error',
    [
        OSError(errno.ENOSPC, 'No space left on device'),
        torch.cuda.OutOfMemoryError('CUDA out of memory'),
        RuntimeError('CUDA error: device-side assert triggered'),
    ],
)
def test_what_would_fail_every_video_ends_the_run(error: Exception, tmp_path: Path) -> None:
    def work(job: Job, advance: Advance) -> int:
        raise error

    with pytest.raises(type(error), match=re.escape(str(error))):
        done_by(work, tmp_path, 'a', 'b')


@pytest.mark.parametrize('stem', [b'caf\xe9', b'a' * 249, b'"one" and \'other\'', b'a:b'])
@pytest.mark.parametrize('fails', [False, True])
def test_any_name_of_a_file_will_do(stem: bytes, fails: bool, tmp_path: Path) -> None:
    name = os.fsdecode(stem)

    def work(job: Job, advance: Advance) -> int:
        if fails:
            raise VideoReadError(job.path, 'it is torn')
        return 1

    outcome = done_by(work, tmp_path / 'out', name, 'b')
    if fails:
        assert outcome.failed == {name: 'it is torn', 'b': 'it is torn'}
    else:
        assert outcome.done == [name, 'b']


def test_an_output_folder_that_cannot_be_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / 'out').touch()

    def work(job: Job, advance: Advance) -> int:
        raise AssertionError('no work')

    with pytest.raises(OSError, match='out'):
        done_by(work, tmp_path / 'out', 'a')


def test_a_video_over_which_a_process_died_comes_last(tmp_path: Path) -> None:
    order: list[str] = []

    def work(job: Job, advance: Advance) -> int:
        order.append(job.video_id)
        if job.video_id == 'a':
            raise KeyboardInterrupt  # stands for what no except clause sees
        return 1

    (tmp_path / 'b.started').touch()
    with pytest.raises(KeyboardInterrupt):
        done_by(work, tmp_path, 'b', 'c', 'a')
    assert order == ['c', 'a'] and (tmp_path / 'b.started').exists()


def test_files_of_processes_that_died_are_taken_away(tmp_path: Path) -> None:
    (tmp_path / 'deep').mkdir()
    host = process_name().partition('-')[0]
    dead = [place / f'.tmp-{host}-{2**22 + 1}-a.npy' for place in (tmp_path, tmp_path / 'deep')]
    at_work = tmp_path / f'.tmp-{host}-{os.getppid()}-b.npy'
    for path in (*dead, at_work):
        path.touch()
    jobs = [Job('a.mp4', 'a'), Job('b.mp4', 'deep/b'), Job('c\0.mp4', 'c\0')]
    list(work_through(jobs, tmp_path, lambda job: False, lambda job, advance: 1))
    assert at_work.exists() and not any(path.exists() for path in dead)


def test_what_another_process_did_meanwhile_is_not_done_again(tmp_path: Path) -> None:
    def work(job: Job, advance: Advance) -> int:
        for name in ('a', 'b'):  # 'b' by another process
            (tmp_path / name).touch()
        return 1

    jobs = [Job(f'{name}.mp4', name) for name in ('a', 'b')]
    running = work_through(jobs, tmp_path, lambda job: (tmp_path / job.video_id).exists(), work)
    assert list(running)[-1] == Outcome(done=['a'], skipped=['b'], units=1)
