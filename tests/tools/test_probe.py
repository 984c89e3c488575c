"""Contract: tools/probe.py prints a table or one JSON object, and draws the accuracies."""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.probes import probe_config
from tests.support.tools import CallTool
from tests.support.videos import write_video


def test_a_table_a_picture_and_json(call_tool: CallTool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, count in (('train', 4), ('test', 3)):
        for number in range(count):
            frames = rng.integers(0, 255, (8, 36, 40, 3)).astype(np.uint8)
            write_video(tmp_path / f'{name}{number}.mp4', frames, fps=10)
        lines = (f'{name}{number}.mp4 {number % 3}\n' for number in range(count))
        (tmp_path / f'{name}.csv').write_text(''.join(lines))
    config, picture = tmp_path / 'tiny.py', tmp_path / 'drawn' / 'probes.png'
    probe_config(tmp_path).dump(config)
    words = [config, '--device', 'cpu', '--cache', tmp_path / 'cache', '--picture', picture]
    few = [*words, '--neighbours', 1, 2, '--rates', 0.01, 0.001, '--decays', 0.1, '--heads', 4]
    done = call_tool('probe.py', *few, '--epochs', 1, '--linear-rates', 0.1)
    assert done.code == 0, done.err
    lines = [line.split() for line in done.out.splitlines()]
    kinds = [line[0] for line in lines[1:-1]]
    assert kinds == ['knn'] * 4 + ['linear'] + ['attentive'] * 2
    assert sum(line[-1] == 'best' for line in lines) == 3
    assert '4 training and 3 test videos of 3 classes' in done.out
    with Image.open(picture) as drawn:
        assert drawn.width > 2 * drawn.height
    done = call_tool('probe.py', *few, '--probes', 'knn', '--json')
    assert [each['settings']['k'] for each in done.summary['results']] == [1, 1, 2, 2]
    assert done.summary['picture'] == str(picture)
    words[words.index('--cache') + 1] = tmp_path / 'other'
    done = call_tool('probe.py', *words, '--cache-gb', 1e-6)
    assert done.code == 1 and '--cache-gb' in done.err and len(done.err.splitlines()) == 1
