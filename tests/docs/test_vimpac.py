"""Contract: every command of docs/vimpac.md runs unchanged, from a folder to a classifier.

Networks are narrow and training takes one epoch: each config of the page is replaced by one that
inherits it. The page links to every recipe.
"""

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmvideomae.synthetic.motion import CLASS_NAMES
from tests.support.leaves import ROOT, vimpac_leaves
from tests.support.videos import moving_shapes, write_video

PAGE = (ROOT / 'docs' / 'vimpac.md').read_text(encoding='utf-8')
CODES = 'widths=(8, 8, 8), num_blocks=1, num_codes=32, code_dims=4'
MADE = "init_cfg=dict(checkpoint='work_dirs/vqvae_own-videos/epoch_1.pth')"
NARROW = f"""
model = dict(
    backbone=dict(arch=dict(_delete_=True, embed_dims=32, depth=1, num_heads=2)),
    data_preprocessor=dict(tokenizer=dict({CODES}, {MADE})),
)
optim_wrapper = dict(accumulative_counts=1)
"""
PRETRAIN = 'vimpac_small-p8_1xb64-5x2fps-100e_custom'
FINETUNE = 'vimpac_small-p8_1xb16-5x2fps-50e_custom'
IN_PROCESS = 'dict(num_workers=0, persistent_workers=False, batch_size=4)'
# What is small about each config of the page.
SMALL = {
    'vqvae_own-videos': f'model = dict(tokenizer=dict({CODES}))',
    PRETRAIN: NARROW,
    FINETUNE: f"""{NARROW}
model['backbone']['num_codes'] = 32
load_from = 'work_dirs/{PRETRAIN}/epoch_1.pth'
val_dataloader = test_dataloader = {IN_PROCESS}
""",
}
ALL = f"""
train_dataloader = {IN_PROCESS}
train_cfg = dict(max_epochs=1)
default_hooks = dict(checkpoint=dict(interval=1))
"""

RunPage = Callable[..., str]


def commands() -> list[str]:
    blocks = re.findall(r'^```bash\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def shortened(command: str) -> str:
    """The command on small configs of the same names, whose last epoch is their first."""
    command = re.sub(r'epoch_\d+', 'epoch_1', command)
    return re.sub(r'configs/(?:pretrain|recognition)/vimpac/', 'small/', command)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory, run_page: RunPage) -> Path:
    """A folder in which all commands were run, with what they printed."""
    folder = tmp_path_factory.mktemp('guide')
    for number, name in enumerate(CLASS_NAMES[:4]):
        for clip in range(3):
            path = folder / 'data/custom/videos' / name / f'{clip}.mp4'
            write_video(path, moving_shapes(20, 64, 80, seed=10 * number + clip), fps=5)
    write_video(folder / 'new.mp4', moving_shapes(20, 64, 80, seed=99), fps=5)
    (folder / 'small').mkdir()
    for stem, change in SMALL.items():
        (leaf,) = (ROOT / 'configs').glob(f'*/vimpac/{stem}.py')
        base = leaf.relative_to(ROOT).as_posix()
        (folder / f'small/{stem}.py').write_text(f"_base_ = '../{base}'\n{ALL}{change}")
    printed = run_page(folder, [shortened(line) for line in commands()])
    (folder / 'printed.txt').write_text(printed)
    return folder


@pytest.mark.slow
def test_the_classifier_names_the_classes_of_a_new_video(folder: Path) -> None:
    printed = (folder / 'printed.txt').read_text()
    table = printed[printed.index('classify.py') :]
    assert all(name in table for name in CLASS_NAMES[:4])
    assert (folder / 'work_dirs' / FINETUNE / 'epoch_1.pth').is_file()


@pytest.mark.slow
def test_codes_are_those_of_every_video(folder: Path) -> None:
    codes = sorted((folder / 'data/custom/codes_fps2_128').rglob('*.npy'))
    assert len(codes) == 12
    for path in codes:  # four seconds
        found = np.load(path)
        assert found.shape == (8, 16, 16) and 0 <= found.min() <= found.max() < 32


@pytest.mark.slow
def test_the_pictures_are_drawn(folder: Path) -> None:
    for name in ('codes', 'masks'):
        picture = cv2.imread(str(folder / f'work_dirs/{name}.png'))
        assert picture is not None and min(picture.shape[:2]) > 100 and picture.std() > 0


def test_the_page_links_to_every_recipe_of_the_paper() -> None:
    linked = re.findall(r'\]\(\.\./(configs/[^)]+\.py)\)', PAGE)
    assert [path for path in linked if not (ROOT / path).is_file()] == []
    leaves = [*vimpac_leaves('pretrain'), *vimpac_leaves('recognition')]
    named = {Path(path).stem for path in [*linked, *re.findall(r'\S+/(\S+)\.py', PAGE)]}
    named |= set(re.findall(r'`(\w\S+)\.py`', PAGE))
    assert {path.stem for path in leaves} <= named
