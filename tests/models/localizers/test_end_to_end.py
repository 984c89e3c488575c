"""Contract: windows encoded a few clips at a time give what all at once give, gradients too."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmvideomae.analysis.measurement import watch_allocation
from mmvideomae.engine.optim import GroupedOptimWrapperConstructor
from mmvideomae.ops.feature_grid import FeatureGrid
from mmvideomae.registry import MODELS
from tests.support.localizers import tiny_action_former, tiny_end_to_end
from tests.support.processes import in_processes

FRAMES, SIDE = 32, 16
"""Of a window: 8 clips of 4 frames."""


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope('mmvideomae')


def config(frames_per_step: int = 1, **changes: Any) -> dict[str, Any]:
    return tiny_end_to_end(FRAMES, SIDE, frames_per_step, **changes)


def build(seed: int = 0, **changes: Any) -> nn.Module:
    """A localizer whose adapters do something."""
    init_default_scope('mmvideomae')
    torch.manual_seed(seed)
    model = MODELS.build(config(**changes))
    for name, values in model.named_parameters():
        if 'adapter' in name:
            nn.init.normal_(values, std=0.2)
    return model


def batch(count: int = 2, seed: int = 0, frames: int = FRAMES) -> dict[str, list[Any]]:
    """Windows of noise in which the frames of an action of class k have k bright channels."""
    generator = torch.Generator().manual_seed(seed)
    grid = FeatureGrid(fps=8, stride=2, window=1)
    inputs, samples = [], []
    for row in range(count):
        length = frames - 4 * row
        window = torch.randint(0, 60, (length, SIDE, SIDE, 3), generator=generator)
        start, label = 3 + 4 * row, row % 3
        window[start : start + 9, ..., : label + 1] += 150
        truth = InstanceData(
            segments=torch.tensor([[start, start + 9.0]]), labels=torch.tensor([label])
        )
        meta = {'video_id': f'v{row}', 'duration': length / 4, 'fps': 8.0, 'grid': grid}
        inputs.append(window.to(torch.uint8))
        samples.append(BaseDataElement(metainfo=meta, gt_instances=truth))
    return {'inputs': inputs, 'data_samples': samples}


def step(model: nn.Module, data: dict[str, list[Any]], seed: int = 5) -> dict[str, Tensor]:
    """The losses of a batch and the gradients of the model."""
    net = getattr(model, 'module', model)
    torch.manual_seed(seed)
    losses = model(**net.data_preprocessor(data, True), mode='loss')
    sum(losses.values()).backward()
    grads = {name: values.grad for name, values in net.named_parameters()}
    return {**losses, **{name: grad for name, grad in grads.items() if grad is not None}}


@pytest.mark.parametrize('together', [1, 3, 4])
def test_few_clips_at_a_time_equal_all_at_once(together: int) -> None:
    expected = step(build(clips_per_pass=FRAMES, recompute=False), batch())
    found = step(build(clips_per_pass=together, recompute=True), batch())
    assert found.keys() == expected.keys()
    assert any('adapter.depthwise.weight' in name and grad.any() for name, grad in found.items())
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-5, msg=name)


def test_dropped_paths_are_the_same_when_computed_again() -> None:
    rate = {'drop_path_rate': 0.5}
    expected = step(build(backbone=rate, recompute=False).train(), batch())
    found = step(build(backbone=rate, recompute=True).train(), batch())
    without = step(build(recompute=True).train(), batch())
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-5, msg=name)
    assert not torch.allclose(found['loss_cls'], without['loss_cls'])


def test_frozen_parts_get_no_gradients_and_all_others_do() -> None:
    model = build()
    found = step(model, batch())
    for name, values in model.named_parameters():
        learns = name.startswith('detector.') or '.adapter.' in name
        assert values.requires_grad == learns and (name in found) == learns, name


def test_features_are_means_of_slots_interpolated_to_the_steps() -> None:
    model, data = build(), batch(1)
    ready = model.data_preprocessor(data)
    window = ready['inputs'][0].unflatten(1, (8, 4)).transpose(0, 1)
    clips = model.data_preprocessor.normalise(window)
    with torch.no_grad():
        streams = model.backbone.encode_series([clips], lambda x: x, lambda call, *a: call(*a))
        slots = streams[0].unflatten(1, (2, 4)).mean(2).flatten(0, 1)
        found = model.extract_feat(ready['inputs'], FRAMES)[0].T
    assert found.shape == (FRAMES, 32) and len(slots) == FRAMES // 2
    for frame in range(1, FRAMES - 1):
        # Slot s is halfway between frames 2s and 2s + 1, so a frame is a quarter from its slot.
        own = frame // 2
        other = own - 1 if frame % 2 == 0 else own + 1
        torch.testing.assert_close(found[frame], 0.75 * slots[own] + 0.25 * slots[other])


def test_adapters_change_nothing_at_first() -> None:
    torch.manual_seed(0)
    tuned = MODELS.build(config())
    plain = MODELS.build(config(backbone={'peft': None, 'frozen': True}))
    state = {k: v for k, v in tuned.state_dict().items() if '.adapter.' not in k}
    plain.load_state_dict(state)
    inputs = tuned.data_preprocessor(batch())['inputs']
    with torch.no_grad():
        assert torch.equal(tuned.extract_feat(inputs, 32), plain.extract_feat(inputs, 32))
    assert not any(name.startswith('backbone.') for name in step(plain, batch()))


def test_accumulated_windows_equal_a_batch() -> None:
    model = build()
    inputs = model.data_preprocessor(batch(2))['inputs']
    both, one = model.extract_feat(inputs, 32), build().extract_feat(inputs[1:], 32)
    torch.testing.assert_close(both[1:], one)


def test_two_processes_get_the_mean_of_their_gradients(tmp_path: Path) -> None:
    whole = batch(2)
    detector = tiny_action_former(in_channels=32, max_seq_len=64, window=1)
    detector['loss'] = {'type': 'SegmentLoss', 'momentum': 1.0}  # the same divisor everywhere

    def part(row: int) -> dict[str, list[Any]]:
        return {name: values[row : row + 1] for name, values in whole.items()}

    def own(rank: int) -> dict[str, Tensor]:
        return step(DistributedDataParallel(build(detector=detector)), part(rank))

    parts = in_processes(2, own, tmp_path)
    apart = [step(build(detector=detector), part(row)) for row in range(2)]
    for name in apart[0].keys() - {'loss_cls', 'loss_reg'}:
        mean = (apart[0][name] + apart[1][name]) / 2
        for found in parts:
            torch.testing.assert_close(found[name], mean, atol=1e-6, rtol=1e-5, msg=name)


def optimizer_of(model: nn.Module, **wrapper: Any) -> Any:
    settings = {**wrapper, 'optimizer': {'type': 'AdamW', 'lr': 5e-3}}
    return GroupedOptimWrapperConstructor(settings)(model)


def test_frozen_halves_stay_and_the_rest_learns_in_mixed_precision() -> None:
    model = build(frozen_dtype='bfloat16', lr_factor=2.0).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    halves = {name for name, value in before.items() if value.dtype == torch.bfloat16}
    assert 'backbone.blocks.0.attn.qkv.weight' in halves
    assert not any('.adapter.' in name or name.endswith('bias') for name in halves)
    optimizer = optimizer_of(model, type='AmpOptimWrapper', dtype='bfloat16', accumulative_counts=2)
    rates = {group['group_name']: group['lr'] for group in optimizer.optimizer.param_groups}
    assert rates == {
        f'factor_{factor}_{kind}': 5e-3 * factor
        for factor in (1, 2)
        for kind in ('decay', 'no_decay')
    }
    optimizer.initialize_count_status(model, 0, 2)
    for number in range(2):
        losses = model.train_step(batch(1, number), optimizer)
        assert all(value.isfinite() for value in losses.values())
    for name, value in model.backbone.state_dict(prefix='backbone.').items():
        assert torch.equal(value, before[name]) != ('.adapter.' in name), name


def test_it_finds_segments_in_windows_it_has_not_seen() -> None:
    model = build(clips_per_pass=FRAMES, recompute=False).to('cpu').train()
    optimizer = optimizer_of(model)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more only wait for one another at this size
    for number in range(40):
        model.train_step(batch(2, number), optimizer)
    torch.set_num_threads(threads)
    with torch.no_grad():
        results = model.eval().test_step(batch(2, 1000))
    for row, result in enumerate(results):
        best = result.pred_instances[0]
        wanted = [((3 + 4 * row + add) * 2 + 0.5) / 8 for add in (0, 9)]
        assert best.labels.item() == row
        assert best.segments[0].tolist() == pytest.approx(wanted, abs=0.75)


def peak(clips: int, recompute: bool) -> int:
    """The most bytes of a training step on one window, in addition to those before it."""
    settings = config(backbone={'img_size': 64}, recompute=recompute, clips_per_pass=1)
    settings['data_preprocessor']['num_frames'] = 4 * clips
    model = MODELS.build(settings)
    inputs = torch.randint(0, 255, (1, 3, 4 * clips, 64, 64), dtype=torch.uint8)

    def run() -> None:
        model.extract_feat(inputs, 4 * clips).sum().backward()

    run()  # the gradients exist afterwards
    return watch_allocation(run, torch.device('cpu'))[1].peak


def test_memory_grows_only_by_the_inputs_of_blocks_and_what_adapters_need() -> None:
    tokens, width, depth = 2 * 8 * 8, 32, 2
    stream, hidden = 4 * tokens * width, 4 * tokens * width // 4
    growth = (peak(6, True) - peak(3, True)) / 3
    # The inputs of blocks and the hidden values of adapters, and in a backward pass the gradient
    # of a stream, its sum and those of hidden values.
    assert growth <= 1.1 * (depth * (stream + hidden) + 2 * stream + 2 * hidden)
    assert (peak(6, False) - peak(3, False)) / 3 > 3 * growth


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'backbone': {'type': 'VJEPA2ViT'}}, 'VJEPA2ViT cannot encode a window clip by clip'),
        ({'detector': tiny_action_former()}, 'has width 32, but the detector takes in_channels=12'),
        ({'clip_len': 6}, 'num_frames=32 does not divide into clips of 6'),
        ({'clips_per_pass': 0}, 'clips_per_pass must be positive, got 0'),
        ({'frozen_dtype': 'half'}, "frozen_dtype must be 'bfloat16' or 'float16', got 'half'"),
        ({'frames_per_step': 16}, '2 steps of a window are not a multiple of 4'),
    ],
)
def test_parts_that_do_not_fit_are_refused_in_one_line(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        MODELS.build(config(**changes))
    assert '\n' not in str(caught.value)


def test_normalised_windows_are_refused() -> None:
    model, data = build(), batch(1)
    ready = model.data_preprocessor(data)
    with pytest.raises(ValueError, match='windows must be uint8'):
        model(ready['inputs'].float(), ready['masks'])
