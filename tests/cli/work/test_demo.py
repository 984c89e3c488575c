"""Contract: the options and videos of ``mmvideomae demo`` reach the trainings that it starts."""

from pathlib import Path
from typing import Any

import pytest

from mmvideomae.cli.commands.demo import options
from mmvideomae.cli.experiment import Demo, StageError
from mmvideomae.cli.work.demo import run
from mmvideomae.formats.annotations import LineFormat, read_list
from tests.support.videos import moving_shapes, write_video


@pytest.mark.parametrize('epochs', [3, None])
def test_epochs_and_videos_are_those_of_the_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epochs: int | None
) -> None:
    given: dict[str, Any] = {}

    def train(self: Demo, what: str, config: str, name: str, options: dict[str, object]) -> Path:
        given.update(options)
        raise StageError('far enough')

    monkeypatch.setattr(Demo, 'train', train)
    name = """it's "a, b".mp4"""
    write_video(tmp_path / name, moving_shapes(4, 32, 32))
    words = ['--videos', str(tmp_path), '--out', str(tmp_path / 'out')]
    words += ['--epochs', str(epochs)] if epochs else []
    assert run(options().parse_args(words)) == 'far enough'
    assert given.get('train_cfg.max_epochs') == epochs
    source = {key.rpartition('.')[2]: value for key, value in given.items() if 'sources' in key}
    assert {entry.path for entry in read_list(source['ann_file'], LineFormat())} == {
        str(tmp_path / name)
    }
