"""Contract: the demo trains end to end on video files, and a video's segments are its test's."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmvideomae.apis import TemporalLocalizer, init_model
from mmvideomae.registry import MODELS
from mmvideomae.synthetic.untrimmed import UntrimmedSettings, write_untrimmed
from tests.support.leaves import CONFIGS, load, read
from tests.support.tools import CallTool

DEMO = CONFIGS / 'demo' / 'adatad_vit-tiny-p8_untrimmed.py'
PRETRAINING = CONFIGS / 'demo' / 'videomae_vit-tiny-p8_pretrain_motion.py'


@pytest.fixture(scope='module')
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos to learn and one to validate on, and the weights of a masked pre-training."""
    place = tmp_path_factory.mktemp('untrimmed')
    settings = UntrimmedSettings({'train': 2, 'val': 1}, seconds=(40.0, 45.0))
    list(write_untrimmed(place / 'data/untrimmed', settings))
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        torch.manual_seed(0)
        model = MODELS.build(read(PRETRAINING).model)
    torch.save({'state_dict': model.state_dict()}, place / 'pretrained.pth')
    return place


@pytest.fixture
def cfg(place: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(place)
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    cfg = load(DEMO)
    cfg.work_dir, cfg.load_from = 'work', 'pretrained.pth'
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].update(num_workers=0, persistent_workers=False)
        cfg[f'{name}_dataloader'].dataset.serialize_data = False
    cfg.train_dataloader.batch_size = 2
    cfg.train_cfg.update(max_epochs=2, val_begin=2)
    cfg.param_scheduler.update(warmup=1, end=2)
    cfg.default_hooks.checkpoint.interval = 2
    # After two updates, segments are short and their scores low.
    cfg.model.detector.test_cfg.update(pre_nms_thresh=0.0, duration_thresh=0.0)
    cfg.val_evaluator['merge'].min_score = 0.0
    cfg.val_evaluator.outfile = 'found.json'
    cfg.test_evaluator = cfg.val_evaluator
    return cfg


@pytest.mark.slow
def test_the_demo_learns_from_a_masked_pretraining(cfg: Config, place: Path) -> None:
    runner = Runner.from_cfg(cfg)
    before = {name: each.detach().clone() for name, each in runner.model.named_parameters()}
    runner.train()
    pretrained = torch.load(place / 'pretrained.pth', weights_only=True)['state_dict']
    encoder = [name for name in before if name.startswith('backbone.') and name in pretrained]
    now = dict(runner.model.named_parameters())
    assert len(encoder) > 40
    for name in encoder:
        torch.testing.assert_close(now[name].detach(), pretrained[name])
    learned = {name for name in now if not torch.equal(now[name].detach(), before[name])}
    learned -= set(encoder)  # loaded after ``before``
    assert {name.split('.')[0] for name in learned} == {'backbone', 'detector'}
    assert all('.adapter.' in name for name in learned if name.startswith('backbone.'))
    # The video of 40 s and more has two windows of 32 s, which validation merged.
    assert len(runner.val_dataloader.dataset) == 2
    (rows,) = json.loads(Path('found.json').read_text())['results'].values()
    assert len(rows) > 10
    assert max(row['segment'][1] for row in rows) > 32 > min(row['segment'][0] for row in rows)


@pytest.mark.parametrize(
    ('stride', 'merge'),
    [
        (3, {}),  # one window of 48 s
        (2, {'method': 'none', 'max_segments': 10**6}),  # the windows of 32 s that cover a video
    ],
)
def test_the_segments_of_a_video_are_those_of_the_test(
    cfg: Config, place: Path, call_tool: CallTool, stride: int, merge: dict[str, Any]
) -> None:
    cfg.test_dataloader.dataset.windows.stride = stride
    cfg.test_evaluator['merge'].update(merge)
    model = init_model(cfg, device='cpu')
    torch.manual_seed(1)
    with torch.no_grad():  # segments must differ
        model.detector.cls_head.cls_head.conv.weight.normal_(std=0.5)
        model.detector.reg_head.offset_head.conv.bias.fill_(2.0)
    torch.save({'state_dict': model.state_dict()}, 'weights.pth')
    cfg.load_from = 'weights.pth'
    Runner.from_cfg(cfg).test()
    (video, expected), *_ = json.loads(Path('found.json').read_text())['results'].items()
    path = place / f'data/untrimmed/videos/{video}.mp4'
    cfg.dump('leaf.py')
    words = ('leaf.py', 'weights.pth', path, '--out', 'out', '--device', 'cpu', '--json')
    code, out, _ = call_tool('demo/localize.py', *words)
    found = json.loads(out)['results'][video]
    assert code == 0 and len(found) == len(expected) > 100
    rows = [
        sorted((row['score'], *row['segment'], row['label']) for row in each)
        for each in (found, expected)
    ]
    assert [row[-1] for row in rows[0]] == [row[-1] for row in rows[1]]
    np.testing.assert_allclose(*([row[:-1] for row in each] for each in rows))


def test_what_belongs_to_features_is_refused(cfg: Config, place: Path, call_tool: CallTool) -> None:
    cfg.dump('leaf.py')
    with pytest.raises(ValueError, match='no features: omit preset, settings and precision'):
        TemporalLocalizer('leaf.py', settings={'stride': 2}, device='cpu')
    with pytest.raises(ValueError, match='EndToEndLocalizer sees frames, not features'):
        TemporalLocalizer('leaf.py', None, 'leaf.py', device='cpu')
    video = next((place / 'data/untrimmed/videos').glob('*.mp4'))
    words = ('leaf.py', 'pretrained.pth', 'leaf.py', video, '--out', 'out')
    code, _, error = call_tool('demo/localize.py', *words)
    assert code == 2 and 'after CONFIG and CKPT of the features come those of the detector' in error
    cfg.test_evaluator['merge'] = None
    with pytest.raises(ValueError, match='does not say how to merge the windows'):
        TemporalLocalizer(cfg, device='cpu')
