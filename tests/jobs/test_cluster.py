"""Contract: actors of a cluster make the same files as one process, even if some of them die."""

import os
import signal
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.jobs.cluster import Cluster, ClusterError, Share
from mmvideomae.jobs.video_jobs import Advance, Job, Outcome, Progress, file_of, work_through
from mmvideomae.jobs.workers import Processes
from mmvideomae.video.readers import VideoReadError

pytest.importorskip('ray', reason="needs the extra 'ray'")
ROOT = Path(__file__).resolve().parents[2]
JOBS = [Job(f'/videos/{number}.mp4', f'{number}') for number in range(6)]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of the cluster import this module."""
    monkeypatch.setenv('PYTHONPATH', str(ROOT))


def share(out: Path, lethal: str = '', broken: str = '', odd: str = '') -> Share:
    """Writes the name of every video into its file; some cause trouble."""

    def write(job: Job, advance: Advance) -> int:
        with (out / 'tries').open('a') as file:
            file.write(f'{job.video_id} {os.getpid()}\n')
        if job.video_id == lethal and not (out / 'died').exists():
            (out / 'died').touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if job.video_id == broken:
            raise VideoReadError(job.path, 'it is empty')
        file_of(job, out, '.txt').write_text(job.path)
        return 2

    def finished(job: Job) -> bool:
        if job.video_id == odd:
            raise ValueError('the folder holds other files')
        return file_of(job, out, '.txt').is_file()

    def begin(jobs: Sequence[Job], progress: Progress | None) -> Iterator[Outcome]:
        return work_through(jobs, out, finished, write, progress=progress)

    return Share(begin, {'out': str(out)})


def refuse() -> Share:
    raise ValueError('no such config')


def outcomes(work: Share) -> list[Outcome]:
    return list(work.begin(JOBS, None))


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob('*.txt'))}


@pytest.mark.slow
def test_the_files_are_those_of_one_process_although_an_actor_dies(tmp_path: Path) -> None:
    local, spread = tmp_path / 'local', tmp_path / 'spread'
    for folder in (local, spread):
        folder.mkdir()
    expected = outcomes(share(local))[-1]
    work = Cluster(actors=2).share(partial(share, spread, lethal='2'))
    assert work.settings == {'out': str(spread)}
    found = outcomes(work)
    assert [len(each.done) for each in found] == list(range(7))
    assert sorted(found[-1].done) == expected.done and found[-1].units == expected.units
    assert not found[-1].failed and (spread / 'died').exists()
    assert written(spread) == written(local)
    # Finished videos are skipped the next time.
    again = outcomes(Cluster(actors=1).share(partial(share, spread)))[-1]
    assert sorted(again.skipped) == expected.done and not again.done


@pytest.mark.slow
def test_a_video_that_fails_is_tried_by_others_and_then_reported(tmp_path: Path) -> None:
    found = outcomes(Cluster(actors=2).share(partial(share, tmp_path, broken='3')))[-1]
    assert found.failed == {'3': 'it is empty'} and len(found.done) == 5
    tries = [
        line.split()[1] for line in (tmp_path / 'tries').read_text().splitlines() if line[0] == '3'
    ]
    assert len(tries) == 3 and len(set(tries)) == 2


@pytest.mark.slow
def test_what_ends_all_work_ends_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='the folder holds other files'):
        outcomes(Cluster(actors=1).share(partial(share, tmp_path, odd='0')))


def act(job: str) -> str:
    if job == 'hang':
        signal.pause()
    if job == 'die':
        os.kill(os.getpid(), signal.SIGSEGV)
    return f'did {job}'


@pytest.mark.slow
def test_one_function_runs_over_many_jobs_as_in_local_processes() -> None:
    jobs = ['a', 'die', 'b', 'hang', 'c']
    local, spread = (
        sorted(engine.run_jobs(act, jobs, timeout=1.0)) for engine in (Processes(2), Cluster())
    )
    assert spread == local and {answer.job for answer in local if answer.error} == {1, 3}


@pytest.mark.parametrize(
    ('cluster', 'make', 'told'),
    [
        pytest.param(
            *(Cluster(actors=1), refuse, 'no actor could start: .*no such config'),
            marks=pytest.mark.slow,
        ),
        (Cluster('127.0.0.1:1'), refuse, 'cannot use the cluster at 127.0.0.1:1'),
    ],
)
def test_what_cannot_start_is_told_in_one_line(cluster: Cluster, make: Any, told: str) -> None:
    with pytest.raises(ClusterError, match=told) as caught:
        cluster.share(make)
    assert '\n' not in str(caught.value)
