"""get_flops.py counts the published configs, answers in text or JSON, and refuses bad input."""

import json
import math
from pathlib import Path

import pytest

from tests.support.tools import CallTool

ROOT = Path(__file__).parents[3]
PRETRAIN = ROOT / 'configs' / 'pretrain'
ENCODER_ONLY = PRETRAIN / 'videomae' / 'videomae_vit-base-p16_64xb32-16x2x1-800e_sthv2.py'
LARGER = (
    ROOT
    / 'configs/recognition/videomae'
    / 'videomae_vit-large-p16_32xb1-32x4x1-5e_kinetics400_320px.py'
)
DUAL = PRETRAIN / 'videomaev2' / 'ablations'
DUAL_NAME = 'videomaev2_vit-base-p16_64xb32-16x2x1-800e_sthv2_decoder-cell{}.py'


@pytest.fixture
def run(call_tool: CallTool):
    def call(*args: object) -> str:
        done = call_tool('analysis_tools/get_flops.py', *args)
        return done.out if done.code == 0 else pytest.fail(done.err)

    return call


@pytest.mark.parametrize(
    ('config', 'giga'),
    [
        (ENCODER_ONLY, 35.48),
        (DUAL / DUAL_NAME.format(25), 31.63),
        (DUAL / DUAL_NAME.format(50), 25.87),
        (DUAL / DUAL_NAME.format(75), 21.06),
    ],
)
def test_sthv2_configs_are_v2_table_1(run, config: Path, giga: float) -> None:
    paper = json.loads(run(config, '--json'))
    assert round(paper['macs'] / 1e9, 2) == giga
    assert paper['params'] == sum(part['params'] for part in paper['parts'])
    assert paper['macs'] == sum(part['macs'] for part in paper['parts'])
    actual = json.loads(run(config, '--count', 'actual', '--json'))
    assert actual['macs'] < paper['macs']


def test_text_is_a_table_with_totals(run) -> None:
    lines = run(ENCODER_ONLY).splitlines()
    assert '160 tokens encoded, 1408 tokens reconstructed' in lines
    rows = {line.split()[0]: line.split()[1:] for line in lines[5:]}
    assert list(rows) == ['embed', 'encoder', 'projection', 'decoder', 'head', 'norms', 'total']
    assert rows['total'] == ['94.211', '35.482']


@pytest.mark.parametrize('shape', [(8, 112, 112), (8, 96, 160), (16, 80, 112)])
def test_any_shape_is_counted_with_and_without_a_decoder_mask(run, shape: tuple[int, ...]) -> None:
    """Also a grid with an odd side, which the cells of 2 x 2 of the decoder mask do not fill."""
    config = DUAL / DUAL_NAME.format(50)
    none = 'train_dataloader.dataset.pipeline.augment.transforms.mask.decoder=None'
    dual = json.loads(run(config, '--shape', *shape, '--json'))
    full = json.loads(run(config, '--shape', *shape, '--json', '--cfg-options', none))
    places = math.prod(shape) // (2 * 16 * 16)
    assert full['visible_tokens'] + full['decoded_tokens'] == places
    assert dual['visible_tokens'] == full['visible_tokens']
    assert dual['decoded_tokens'] == pytest.approx(places / 2, rel=0.05)
    assert dual['macs'] < full['macs']


def test_shape_and_options_change_the_count(run) -> None:
    small = json.loads(
        run(ENCODER_ONLY, '--shape', 8, 112, 112, '--cfg-options', 'model.neck.depth=2', '--json')
    )
    # Of 7 x 7 tokens of each of 4 slots, int(0.9 * 49) = 44 are hidden.
    assert (small['shape'], small['visible_tokens'], small['decoded_tokens']) == (
        [8, 112, 112],
        4 * 5,
        4 * 44,
    )


def test_classifiers_are_counted_on_the_clips_of_their_pipeline(run) -> None:
    larger = json.loads(run(LARGER, '--json'))
    assert (larger['shape'], round(larger['macs'] / 1e9)) == ([32, 320, 320], 3958)
    shorter = run(LARGER, '--shape', 16, 224, 224).splitlines()
    assert 'one clip of 16 frames of 224x224 pixels' in shorter[1]
    assert shorter[-1].split() == ['total', '304.271', '597.218']


@pytest.mark.parametrize(('classes', 'mega'), [(174, 304.039), (710, 304.588), (1000, 304.886)])
def test_parameters_follow_the_number_of_classes(run, classes: int, mega: float) -> None:
    option = f'model.cls_head.num_classes={classes}'
    counted = json.loads(run(LARGER, '--shape', 2, 16, 16, '--cfg-options', option, '--json'))
    assert round(counted['params'] / 1e6, 3) == mega


@pytest.mark.parametrize(
    ('text', 'args', 'message'),
    [
        (None, (), 'config not found'),
        ('model = dict(type="VideoMAEViT", arch="tiny")', (), "unknown arch 'tiny'"),
        ('model = dict(type="VideoMAEViT", arch="small")', ('--shape', 3, 224, 224), '3 frames'),
    ],
)
def test_bad_input_ends_in_one_line(
    call_tool: CallTool,
    tmp_path: Path,
    text: str | None,
    args: tuple[object, ...],
    message: str,
) -> None:
    config = tmp_path / 'config.py'
    if text:
        config.write_text(text)
    done = call_tool('analysis_tools/get_flops.py', config, *args)
    assert done.code == 1 and message in done.err and done.err.count('\n') == 1
