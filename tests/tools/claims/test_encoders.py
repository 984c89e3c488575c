"""Contract: tools/claims/encoders.py changes what an arm is about, nothing else."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from mmvideomae.configs import apply_options, read_config
from tests.support.tools import CallTool, load_tool

Run = Callable[..., subprocess.CompletedProcess]


def test_bad_settings_are_refused_in_one_line(call_tool: CallTool) -> None:
    done = call_tool('claims/encoders.py', '--seeds', '0')
    assert done.code == 2 and '--seeds must be at least 1' in done.err


def test_every_arm_changes_the_configs_that_it_is_about() -> None:
    """Its entries exist there, so that none is set beside what is read."""
    arms = load_tool('claims/arms.py')
    compared = [arm for claim in arms.CLAIMS.values() for arm in claim]
    assert set(compared) == set(arms.ARMS)
    for way in arms.ARMS.values():
        for kind, method, options in (
            ('pretrain', way.method, way.pretrain),
            ('finetune', 'videomae', way.classifier),
        ):
            cfg = read_config(f'configs/demo/{method}_vit-tiny-p8_{kind}_motion.py')
            before = cfg.to_dict()
            apply_options(cfg, options)
            assert (cfg.to_dict() != before) == bool(options), way.name


def test_a_claim_is_reported_with_the_seeds_that_all_its_arms_have(tmp_path: Path) -> None:
    encoders = load_tool('claims/encoders.py')
    lora = [('lora', seed, 5, test) for seed, test in enumerate((40, 60))]
    pixels = [('pixels', seed, 60, test) for seed, test in enumerate((70, 80, 99))]
    for arm, seed, val, test in lora + pixels:
        folder = tmp_path / f'{arm}_seed{seed}'
        folder.mkdir()
        result = encoders.Result(arm, 8, seed, 1e-3, val, test, 1.0)
        (folder / 'result.json').write_text(json.dumps(asdict(result)))
    (tmp_path / 'probe_pixels_seed1.json').write_text('{"best": [{"top1": 0.9}]}')
    assert encoders.report(tmp_path) == (tmp_path / 'table.md').read_text()
    assert (tmp_path / 'table.md').read_text() == (
        'lora\n\n| | 8 labels | attentive probe |\n|---|---|---|\n'
        '| pixels | 75.0 ± 7.1 (70.0, 80.0) | 90.0 ± 0.0 (90.0) |\n'
        '| pixels, fine-tuned by LoRA | 50.0 ± 14.1 (40.0, 60.0) | - |\n\n'
    )
    assert [path.name for path in tmp_path.glob('*.png')] == ['lora.png']


@pytest.mark.slow
def test_a_student_and_its_teacher_have_the_updates_of_the_pixel_model(
    run_tool: Run, tmp_path: Path
) -> None:
    out = tmp_path / 'claims'
    words = ['--quick', '--out', out, '--seeds', 1, '--workers', 0]
    words += ['--claims', 'latent', 'contrast', 'domain', 'progressive']
    done = run_tool('claims/encoders.py', *words, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (out / 'table.md').read_text()
    parts = done.stdout.strip().split('\n\n')
    assert [part for part in parts if '|' not in part] == words[-4:]
    runs = {path.parent.name: path for path in out.glob('*_seed0/epoch_*.pth')}
    saved = {name: torch.load(path, weights_only=False) for name, path in runs.items()}
    updates = {name: saved[name]['meta']['iter'] for name in saved}
    assert updates['half_seed0'] + updates['latent_seed0'] == updates['pixels_seed0']
    assert updates['pixels_few_seed0'] == updates['mixed_seed0'] == updates['pixels_seed0']
    assert updates['contrast_few_seed0'] == updates['contrast_seed0'] < updates['pixels_seed0']
    # A student starts anew, and its checkpoint does not hold its teacher.
    assert saved['latent_seed0']['meta']['teacher']
    assert not any(key.startswith('target') for key in saved['latent_seed0']['state_dict'])
    # Of the mixture, only the encoder is kept.
    mixture = torch.load(out / 'mixture_seed0' / 'encoder.pth', weights_only=False)['state_dict']
    assert mixture and all(key.startswith('backbone.') for key in mixture)
    before = {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')}
    again = run_tool('claims/encoders.py', *words, timeout=600)
    assert again.stdout == done.stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')} == before
