"""A layout is a sequence of attentions, each with parallel parts that run along axes."""

import pytest
import torch

from mmvideomae.models.layers.axis_attention import AxisAttention, parse_layout


@pytest.mark.parametrize(
    ('layout', 'parsed'),
    [
        ('T,H|W', (((0,),), ((1,), (2,)))),
        ('T,H,W', (((0,),), ((1,),), ((2,),))),
        ('T,HxW', (((0,),), ((1, 2),))),
        ('TxHxW', (((0, 1, 2),),)),
        ('T|HxW', (((0,), (1, 2)),)),
    ],
)
def test_layouts(layout: str, parsed: tuple[object, ...]) -> None:
    assert parse_layout(layout) == parsed


@pytest.mark.parametrize('layout', ['', 'T,', 'H,X', 'HxT', 'TxT', 'T;H', 't', 'T, H'])
def test_unknown_layouts_are_refused(layout: str) -> None:
    with pytest.raises(ValueError, match='unknown layout'):
        parse_layout(layout)


def test_parallel_attentions_share_width_and_heads() -> None:
    joint, split = (
        AxisAttention(parts, 64, 4, 32, drop_rate=0.0) for parts in (((0,),), ((1,), (2,)))
    )
    for attention, widths in ((joint, [96]), (split, [48, 48])):
        assert [layer.out_features for layer in attention.qkv] == widths
        assert attention(torch.randn(2, 25, 64), (3, 2, 4)).shape == (2, 25, 64)
    for heads, dims in ((3, 33), (4, 30)):
        with pytest.raises(ValueError, match='does not divide'):
            AxisAttention(((1,), (2,)), 64, heads, dims)
