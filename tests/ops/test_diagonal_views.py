"""Names and positions of VIMPAC's views."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.ops.diagonal_views import DiagonalView, diagonal_views

VIEWS = st.builds(
    DiagonalView, st.integers(8, 400), st.sampled_from(['top', 'centre', 'bottom']), st.booleans()
)


@given(VIEWS, VIEWS)
def test_views_have_different_names(view: DiagonalView, other: DiagonalView) -> None:
    assert (view.name == other.name) == (view == other)


def test_the_twelve_views_of_128_pixels() -> None:
    views = diagonal_views(128, (1, 1.25), ('top', 'centre', 'bottom'), flip=True)
    assert [view.name for view in views] == [
        f'{side}-{place}{flip}'
        for flip in ('', '-flip')
        for side in (128, 160)
        for place in ('top', 'centre', 'bottom')
    ]
    assert len(diagonal_views(256, (1, 1.25), ('top', 'centre', 'bottom'), flip=False)) == 6
    assert [v.name for v in diagonal_views(256, (1,), ('centre',), False)] == ['256-centre']
    assert diagonal_views(256, (1, 1.25), ('top',), False)[1].short_side == 320


@given(
    view=VIEWS,
    height=st.integers(16, 2000),
    width=st.integers(16, 2000),
    share=st.floats(0.3, 1),
)
def test_places_are_those_of_the_released_code(view, height, width, share) -> None:
    size = max(8, int(view.short_side * share))
    if height >= width:
        shape = int(height * view.short_side / width), view.short_side
    else:
        shape = view.short_side, int(width * view.short_side / height)
    assert view.resized(height, width) == shape
    factor = ['top', 'centre', 'bottom'].index(view.position)
    top, left = view.corner(*shape, size)
    assert top == int(factor * (shape[0] - size) / 2.0)
    assert left == int(factor * (shape[1] - size) / 2.0)
    assert 0 <= top <= shape[0] - size and 0 <= left <= shape[1] - size


def test_wrong_views_are_named() -> None:
    with pytest.raises(ValueError, match=r"positions must be top, centre, bottom, got \['left'\]"):
        diagonal_views(128, (1,), ('left',), False)
    with pytest.raises(ValueError, match=r'scales at least 1, got 128, \(0.5,\)'):
        diagonal_views(128, (0.5,), ('top',), False)
