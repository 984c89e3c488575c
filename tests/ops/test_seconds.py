"""Contract: AVA's spelling of a second names it, to the millisecond, and whole ones as AVA does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.ops.seconds import second_text


@given(st.integers(0, 10**8))
def test_a_second_can_be_read_again(milliseconds: int) -> None:
    second = milliseconds / 1000
    text = second_text(second)
    assert float(text) == second and 'e' not in text
    assert text.isdecimal() and len(text) >= 4 if second.is_integer() else '.' in text


@pytest.mark.parametrize(
    ('second', 'text'),
    [(902, '0902'), (0, '0000'), (12345, '12345'), (12.5, '12.5'), (1 / 3, '0.333')],
)
def test_seconds_are_spelled_as_in_avas_files(second: float, text: str) -> None:
    assert second_text(second) == text
