"""Work runs in a process of its own, whose memory and failures are its own as well."""

import os

import pytest

from mmvideomae.analysis.own_process import in_own_process
from mmvideomae.errors import UserError


def work(way: str):
    """Preparations, and the work that is measured."""
    prepared = b'x' * (64 << 20)

    def run() -> tuple[int, int]:
        if way == 'refused':
            raise UserError('this video cannot be read')
        if way == 'killed':
            os._exit(9)
        held = b'y' * (32 << 20)
        return os.getpid(), len(held) + len(prepared)

    return run


def test_result_time_and_memory_are_those_of_the_work_alone() -> None:
    larger = b'z' * (256 << 20)  # of which the process inherits nothing
    found = in_own_process(work, 'fine')
    assert larger
    pid, size = found['value']
    assert pid != os.getpid() and size == 96 << 20
    assert set(found) == {'value', 'wall_s', 'cpu_s', 'peak_mib'}
    assert 16 < found['peak_mib'] < 60  # 32 of the work, without the 64 of the preparations


@pytest.mark.parametrize(
    ('way', 'message'),
    [('refused', 'this video cannot be read'), ('killed', 'the process of killed died')],
)
def test_a_failure_is_told_in_one_line(way: str, message: str) -> None:
    with pytest.raises(ValueError, match=f'^{message}$'):
        in_own_process(work, way)
