"""Contract: schedules are the papers': linear from 0 then cosine, and VIMPAC's linear one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.optim import OptimWrapper

from mmvideomae.registry import PARAM_SCHEDULERS


def papers_schedule(base: float, final: float, warmup: int, total: int) -> np.ndarray:
    """The rates of all updates: warm-up with inclusive end, then cosine at i / n."""
    steps = np.arange(total - warmup)
    cosine = final + 0.5 * (base - final) * (1 + np.cos(np.pi * steps / len(steps)))
    return np.concatenate([np.linspace(0, base, warmup), cosine])


def optim_wrapper(lrs: tuple[float, ...] = (1e-3,), accumulation: int = 1) -> OptimWrapper:
    groups = [{'params': [torch.nn.Parameter(torch.ones(1))], 'lr': lr} for lr in lrs]
    return OptimWrapper(torch.optim.SGD(groups, lr=lrs[0]), accumulative_counts=accumulation)


def build(wrapper: OptimWrapper, epochs: int, epoch_length: int, **options: float):
    cfg = {
        'type': 'WarmupCosineLR',
        'by_epoch': True,
        'convert_to_iter_based': True,
        'end': epochs,
        **options,
    }
    defaults = {'optimizer': wrapper, 'epoch_length': epoch_length}
    return PARAM_SCHEDULERS.build(cfg, default_args=defaults)


def rates(wrapper: OptimWrapper, scheduler, steps: int) -> np.ndarray:
    """Rate of every group in every iteration (steps, groups)."""
    values = []
    for _ in range(steps):
        values.append([group['lr'] for group in wrapper.optimizer.param_groups])
        scheduler.step()
    return np.array(values)


@settings(max_examples=40)
@given(
    epochs=st.integers(2, 12),
    epoch_length=st.integers(1, 9),
    share=st.floats(0, 0.9),
    ratio=st.floats(0, 1),
)
def test_is_the_papers_schedule(epochs: int, epoch_length: int, share: float, ratio: float) -> None:
    warmup = int(epochs * share)
    wrapper = optim_wrapper()
    scheduler = build(wrapper, epochs, epoch_length, warmup=warmup, eta_min_ratio=ratio)
    total = epochs * epoch_length
    expected = papers_schedule(1e-3, ratio * 1e-3, warmup * epoch_length, total)
    np.testing.assert_allclose(rates(wrapper, scheduler, total)[:, 0], expected, rtol=0, atol=1e-12)


def test_published_lengths_match_to_1e_9() -> None:
    # 40 of 800 epochs at 117 updates (Kinetics-400 at batch 2048); the error is relative.
    wrapper = optim_wrapper((1.2e-3,))
    scheduler = build(wrapper, 800, 117, warmup=40, eta_min_ratio=1 / 15)
    expected = papers_schedule(1.2e-3, 8e-5, 40 * 117, 800 * 117)
    actual = rates(wrapper, scheduler, 800 * 117)[:, 0]
    assert actual[0] == 0.0
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


@pytest.mark.parametrize('epoch_length', [1, 4])
@pytest.mark.parametrize('warmup', [0, 1, 3])
def test_no_update_of_a_small_set_has_a_rate_of_zero(epoch_length: int, warmup: int) -> None:
    """In epochs of one update, the papers' warm-up of one epoch would change nothing."""
    wrapper = optim_wrapper()
    options = {'warmup': warmup, 'eta_min_ratio': 0.01, 'from_zero': False}
    found = rates(wrapper, build(wrapper, 6, epoch_length, **options), 6 * epoch_length)[:, 0]
    rising = warmup * epoch_length
    expected = 1e-3 * np.arange(1, rising + 1) / (rising + 1)
    np.testing.assert_allclose(found[:rising], expected, rtol=1e-12)
    assert found.min() > 0 and found[rising] == pytest.approx(1e-3)


def test_each_group_follows_its_own_base_rate() -> None:
    wrapper = optim_wrapper((1e-3, 5e-4))
    values = rates(wrapper, build(wrapper, 4, 5, warmup=1, eta_min_ratio=0.1), 20)
    np.testing.assert_allclose(values[:, 1], 0.5 * values[:, 0], rtol=1e-12)
    assert values[-1, 0] > 1e-4


def test_accumulation_keeps_the_rates_of_the_published_updates() -> None:
    plain, accumulating = optim_wrapper(), optim_wrapper(accumulation=4)
    expected = rates(plain, build(plain, 6, 5, warmup=2, eta_min_ratio=0.1), 30)[:, 0]
    scheduler = build(accumulating, 6, 20, warmup=2, eta_min_ratio=0.1)
    per_iteration = rates(accumulating, scheduler, 120)[:, 0]
    # The update happens in the last of 4 iterations.
    np.testing.assert_allclose(per_iteration[3::4], expected, rtol=1e-12)


def test_continues_from_its_state() -> None:
    whole = optim_wrapper()
    expected = rates(whole, build(whole, 5, 6, warmup=1, eta_min_ratio=0.1), 30)[:, 0]
    first = optim_wrapper()
    scheduler = build(first, 5, 6, warmup=1, eta_min_ratio=0.1)
    rates(first, scheduler, 13)
    second = optim_wrapper()
    resumed = build(second, 5, 6, warmup=1, eta_min_ratio=0.1)
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    assert rates(second, resumed, 17)[:, 0].tolist() == expected[13:].tolist()


def test_mmengines_own_chain_cannot_start_from_zero() -> None:
    # The reason for this class; when it fails, the class can go.
    wrapper = optim_wrapper()
    cfg = {'type': 'LinearLR', 'start_factor': 0.0, 'begin': 0, 'end': 5, 'by_epoch': False}
    scheduler = PARAM_SCHEDULERS.build(cfg, default_args={'optimizer': wrapper})
    with pytest.raises(ZeroDivisionError):
        scheduler.step()


@pytest.mark.parametrize(
    'options',
    [
        {'warmup': -1},
        {'eta_min_ratio': 1.5},
        {'eta_min_ratio': -0.1},
        {'warmup_share': 1.0, 'type': 'WarmupLinearLR'},
    ],
)
def test_refuses_nonsense(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        build(optim_wrapper(), 4, 5, **options)


def vimpac_schedule(base: float, share: float, total: int) -> list[float]:
    """Warm-up without its end, followed by the remaining updates."""
    warmup = int(share * total)
    rising = [base * k / warmup for k in range(warmup)]
    return rising + [base * (total - k) / (total - warmup) for k in range(warmup, total)]


@settings(max_examples=30)
@given(epochs=st.integers(1, 8), updates=st.integers(1, 9), share=st.floats(0, 0.9))
def test_linear_is_vimpacs_schedule(epochs: int, updates: int, share: float) -> None:
    """Whatever is accumulated, the rate of an update is that of its number."""
    expected = vimpac_schedule(3e-4, share, epochs * updates)
    for accumulation in (1, 4):
        wrapper = optim_wrapper((3e-4,), accumulation)
        options = {'type': 'WarmupLinearLR', 'warmup_share': share}
        scheduler = build(wrapper, epochs, updates * accumulation, **options)
        found = rates(wrapper, scheduler, len(expected) * accumulation)[:, 0]
        np.testing.assert_allclose(found[accumulation - 1 :: accumulation], expected, atol=1e-15)


def test_the_second_stage_starts_where_the_first_has_ended() -> None:
    """90 of 100 epochs with 5 % of warm-up are done: 3e-4 x 10 / 95."""
    wrapper = optim_wrapper((3e-4,))
    scheduler = build(wrapper, 100, 1209, type='WarmupLinearLR', warmup_share=0.05)
    assert scheduler.factor(90 * 1209) * 3e-4 == pytest.approx(3.158e-5, rel=1e-3)
    assert scheduler.factor(90 * 1209) == pytest.approx(10 / 95, rel=1e-12)
    assert scheduler.factor(100 * 1209) == 0


def test_the_end_is_the_runners_to_say() -> None:
    for kind in ('WarmupCosineLR', 'WarmupLinearLR'):
        with pytest.raises(ValueError, match=f'{kind} needs `end`'):
            PARAM_SCHEDULERS.build(dict(type=kind), default_args=dict(optimizer=optim_wrapper()))


def test_linear_can_begin_above_zero_too() -> None:
    wrapper = optim_wrapper()
    options = {'type': 'WarmupLinearLR', 'warmup_share': 0.25, 'from_zero': False}
    found = rates(wrapper, build(wrapper, 4, 4, **options), 16)[:, 0]
    np.testing.assert_allclose(found[:5], 1e-3 * np.array([1, 2, 3, 4, 5]) / 5, rtol=1e-12)
    assert found.min() > 0
