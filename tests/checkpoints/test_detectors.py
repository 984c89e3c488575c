"""Contract: weights of every kind initialize or convert to detectors, and scores are mmaction2's.

mmaction2's side is built from its own configs, with its own classes and mmdet's.
"""

from pathlib import Path
from typing import Any

import mmaction
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmvideomae.apis import init_model
from mmvideomae.checkpoints import CheckpointError, convert, fit, load, save_weights, to_ours
from mmvideomae.registry import MODELS
from tests.support.weights import randomise

pytest.importorskip('mmdet', reason='needs the detection level')
CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'models'
THEIRS = Path(mmaction.__file__).parent / '.mim' / 'configs' / 'detection' / 'videomae'
SIZE = (64, 96)
BOXES = torch.tensor(
    [
        [3.0, 5, 40, 60],
        [50, 2, 95.5, 63.5],
        [0, 0, 96, 64],
        [20.3, 11.1, 29.8, 33.3],
        [9, 9, 11, 10],
    ]
)
ROI_HEAD = 'roi_head.bbox_head.fc_cls.weight'


def their_config(size: str) -> Config:
    (path,) = THEIRS.glob(f'vit-{size}-*.py')
    cfg = Config.fromfile(path)
    cfg.model.init_cfg = None
    return cfg


def their_model(cfg: Config, seed: int = 0) -> nn.Module:
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(cfg.model).eval()
    randomise(model, seed)
    return model


def shallow(cfg: Config) -> Config:
    """The same detector with an encoder of two narrow blocks, whichever side's config it is."""
    backbone = cfg.model.backbone
    if backbone.type == 'VideoMAEViT':
        backbone.arch = {'embed_dims': 48, 'depth': 2, 'num_heads': 4}
    else:
        backbone.update(embed_dims=48, depth=2, num_heads=4)
    cfg.model.roi_head.bbox_head.in_channels = 48
    return cfg


def our_config(size: str = 'base') -> Config:
    return Config.fromfile(CONFIGS / f'detector_vit-{size}-p16_mmaction2.py')


def key_frame(boxes: Tensor = BOXES) -> ActionDataSample:
    sample = ActionDataSample(metainfo={'img_shape': SIZE, 'video_id': 'x', 'second': 902.0})
    sample.proposals = InstanceData(bboxes=boxes.clone(), scores=torch.full((len(boxes),), 0.9))
    return sample


def scores_of(model: nn.Module, clip: Tensor, boxes: Tensor = BOXES) -> InstanceData:
    """What a detector of either side predicts for a uint8 clip (T, H, W, C)."""
    ours = hasattr(model.roi_head.bbox_head, 'background')
    inputs = clip[None] if ours else clip.permute(3, 0, 1, 2)
    (result,) = model.test_step({'inputs': [inputs], 'data_samples': [key_frame(boxes)]})
    return result.pred_instances


def test_mmaction2s_released_layout_gives_mmaction2s_scores(tmp_path: Path) -> None:
    theirs = their_model(shallow(their_config('base')))
    assert (
        type(theirs.roi_head).__name__ == 'AVARoIHead' and len(theirs.state_dict()[ROI_HEAD]) == 81
    )
    torch.save({'meta': {}, 'state_dict': theirs.state_dict()}, tmp_path / 'theirs.pth')
    ours = init_model(shallow(our_config()), tmp_path / 'theirs.pth', 'cpu')
    generator = torch.Generator().manual_seed(1)
    for number in (1, 2):
        clip = torch.randint(256, (16, *SIZE, 3), generator=generator, dtype=torch.uint8)
        boxes = BOXES[-number - 1 :]
        expected, found = scores_of(theirs, clip, boxes), scores_of(ours, clip, boxes)
        assert expected.scores.std() > 0.05  # the scores are not all alike
        torch.testing.assert_close(found.scores, expected.scores[:, 1:], rtol=0, atol=1e-5)
        torch.testing.assert_close(found.bboxes, expected.bboxes)


@pytest.mark.parametrize('size', ['base', 'large'])
def test_every_key_of_the_released_sizes_is_used(size: str) -> None:
    cfg = their_config(size)
    with DefaultScope.overwrite_default_scope('mmaction'):
        cfg.model.backbone.update(depth=1)
        theirs = MODELS.build(cfg.model).state_dict()
    depth = {'base': 12, 'large': 24}[size]
    for key in [key for key in theirs if '.blocks.0.' in key]:
        theirs |= {key.replace('.0.', f'.{i}.', 1): theirs[key] for i in range(1, depth)}
    with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
        ours = MODELS.build(our_config(size).model)
    done = to_ours(theirs)
    assert done.format == 'mmaction2'
    assert [item.key for item in done.dropped] == ['backbone.pos_embed']
    fitted = fit(done.state_dict, ours, 'theirs', training=False)
    assert fitted.state_dict.keys() == ours.state_dict().keys() and not fitted.notes


def test_ours_as_mmaction2s_gives_our_scores(tmp_path: Path) -> None:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        ours = MODELS.build(shallow(our_config()).model).eval()
    randomise(ours, 3)
    save_weights(ours.state_dict(), tmp_path / 'ours.pth', 'mmaction2')
    weights = torch.load(tmp_path / 'ours.pth')['state_dict']
    theirs = their_model(shallow(their_config('base')))
    report = theirs.load_state_dict(weights, strict=False)
    # A buffer of theirs, which is the fixed sinusoid.
    assert not report.unexpected_keys and report.missing_keys == ['backbone.pos_embed']
    clip = torch.randint(256, (16, *SIZE, 3), dtype=torch.uint8)
    expected = scores_of(theirs, clip).scores[:, 1:]
    torch.testing.assert_close(scores_of(ours, clip).scores, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize('to', ['ours', 'videomae', 'mmaction2'])
def test_what_is_written_is_read(zoo: Any, tmp_path: Path, to: str) -> None:
    model = zoo.detector()
    save_weights(model.state_dict(), tmp_path / 'x.pth', to)
    done = load(tmp_path / 'x.pth')
    assert done.format == to and not done.dropped
    assert list(done.state_dict) == list(model.state_dict())
    assert all(
        torch.equal(done.state_dict[key], value) for key, value in model.state_dict().items()
    )
    if to == 'videomae':
        names = convert(model.state_dict(), to)
        assert {'norm.weight', 'norm.bias', 'head.weight', 'head.bias'} < names.keys()
        assert not any(key.startswith(('roi_head', 'encoder', 'backbone')) for key in names)


def test_hugging_face_has_no_detectors(zoo: Any) -> None:
    with pytest.raises(CheckpointError, match='has no place for roi_head'):
        convert(zoo.detector().state_dict(), 'hf')


def started(model: nn.Module, weights: dict[str, Tensor]) -> tuple[set[str], list[str]]:
    """Start a detector: names of the weights that it took, and the notes."""
    fitted = fit(weights, model, 'x.pth', training=True)
    assert not model.load_state_dict(fitted.state_dict, strict=False).unexpected_keys
    assert all(
        torch.equal(model.state_dict()[key], fitted.state_dict[key])
        for key in weights.keys() & fitted.state_dict.keys()
    )
    return set(fitted.state_dict), list(fitted.notes)


def test_pre_trained_weights_start_a_detector_with_their_norm(zoo: Any) -> None:
    model = zoo.detector(seed=1)
    taken, notes = started(model, zoo.pretrainer().state_dict())
    assert taken == {key for key in model.state_dict() if key.startswith('backbone.')}
    assert 'backbone.norm.weight' in taken
    assert notes == [
        'neck: dropped, the model has none',
        'head: dropped, the model has none',
        'roi_head: newly initialised',
    ]


def test_a_classifier_starts_a_detector_whose_norm_is_new(zoo: Any) -> None:
    model = zoo.detector(seed=1)
    taken, notes = started(model, zoo.classifier().state_dict())
    assert taken == {
        key for key in model.state_dict() if key.startswith(('backbone.patch', 'backbone.blocks'))
    }
    assert notes == [
        'backbone.norm: newly initialised',
        'backbone.fc_norm: dropped, the model ends in another norm',
        'cls_head: dropped, the model has none',
        'roi_head: newly initialised',
    ]


def test_a_detector_goes_on_and_another_head_starts_anew(zoo: Any) -> None:
    source = zoo.detector(7).state_dict()
    assert started(zoo.detector(7, seed=1), source) == (set(source), [])
    taken, notes = started(zoo.detector(5, seed=1), source)
    assert taken == {key for key in source if key.startswith('backbone.')}
    assert notes[0] == 'roi_head: dropped, it has 7 rows, the model 5; a new one is trained'


@pytest.mark.parametrize(
    ('rows', 'message'),
    [
        (7, 'its roi_head has 7 rows, but the model 5: set model.roi_head.bbox_head.num_classes=7'),
        (6, 'a row for the background, the official ones do not: set .*background=True'),
        (4, 'a row for the background, the official ones do not: set .*background=False'),
    ],
)
def test_a_head_of_other_rows_is_refused_to_test(zoo: Any, rows: int, message: str) -> None:
    model = zoo.detector(5)
    with pytest.raises(CheckpointError, match=message) as caught:
        fit(zoo.detector(rows).state_dict(), model, 'x.pth', training=False)
    assert '\n' not in str(caught.value)


def test_weights_without_a_detector_are_refused_to_test(zoo: Any) -> None:
    for weights in (zoo.pretrainer(), zoo.classifier()):
        with pytest.raises(CheckpointError, match='it has no roi_head, as after pre-training'):
            fit(weights.state_dict(), zoo.detector(), 'x.pth', training=False)


def test_background_is_a_row_of_the_weights_and_no_class(zoo: Any) -> None:
    plain, model = zoo.detector(5), zoo.detector(4, seed=1, background=True)
    fitted = fit(plain.state_dict(), model, 'x.pth', training=False)
    model.load_state_dict(fitted.state_dict)
    assert torch.equal(zoo.logits(model), zoo.logits(plain)[:, 1:])
