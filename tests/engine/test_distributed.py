"""Contract: the number of processes is known before they connect; without a GPU they use gloo."""

import pytest
import torch
from mmengine.config import Config

from mmvideomae.engine import launched_world_size, prepare_cpu_processes


@pytest.mark.parametrize(
    ('launcher', 'environ', 'expected'),
    [
        ('none', {'WORLD_SIZE': '8'}, 1),
        ('pytorch', {'WORLD_SIZE': '8'}, 8),
        ('slurm', {'SLURM_NTASKS': '16'}, 16),
        ('mpi', {'OMPI_COMM_WORLD_SIZE': '4'}, 4),
    ],
)
def test_reads_the_launchers_variable(
    launcher: str, environ: dict[str, str], expected: int
) -> None:
    assert launched_world_size(launcher, environ) == expected


def test_names_the_missing_variable() -> None:
    with pytest.raises(ValueError, match='SLURM_NTASKS'):
        launched_world_size('slurm', {})


def test_single_process_is_left_alone() -> None:
    cfg = Config({'launcher': 'none', 'env_cfg': {'dist_cfg': {'backend': 'nccl'}}})
    prepare_cpu_processes(cfg)
    assert cfg.to_dict() == {'launcher': 'none', 'env_cfg': {'dist_cfg': {'backend': 'nccl'}}}


@pytest.mark.skipif(torch.cuda.is_available(), reason='concerns machines without a GPU')
def test_other_launchers_need_a_gpu() -> None:
    with pytest.raises(ValueError, match='slurm'):
        prepare_cpu_processes(Config({'launcher': 'slurm'}))
