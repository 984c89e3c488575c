"""Contract: the snippets of docs/extending.md run unchanged, and its config uses its own hook."""

import re
from collections.abc import Callable
from pathlib import Path

from mmvideomae.synthetic.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'extending.md').read_text(encoding='utf-8')
USE = """
from mmengine.config import Config
cfg = Config.fromfile('own.py')
from mmvideomae.registry import HOOKS
hook = HOOKS.build(cfg.custom_hooks[0])
class Loop:
    stop_training = False
class Run:
    train_loop = Loop()
for loss, stops in ((0.2, False), (0.05, True)):
    hook.after_train_iter(Run, 0, None, {'loss': torch.tensor(loss)})
    hook.after_train_epoch(Run)
    assert Run.train_loop.stop_training is stops
assert type(hook).__module__ == 'my_parts'
"""


def test_each_snippet_runs_in_order(tmp_path: Path, run_page: Callable[..., str]) -> None:
    for speaker in ('ada', 'bob'):
        (tmp_path / 'videos' / speaker).mkdir(parents=True)
        write_video(tmp_path / 'videos' / speaker / '1.mp4', moving_shapes(12, 48, 64))
    *parts, hook, config = re.findall(r'^```python\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
    assert len(parts) == PAGE.count('\n## ')  # the target has two, the hook is apart
    (tmp_path / 'my_parts.py').write_text(hook)
    (tmp_path / 'own.py').write_text(config)
    run_page(tmp_path, [], "videos = 'videos'\n" + '\n'.join(parts) + USE)
