"""Contract: messages fit on one printable line."""

import pytest

from mmvideomae.errors import one_line, same_letters


@pytest.mark.parametrize(
    ('told', 'line'),
    [
        ('a\n  b\tc\u2028d\x1b[1m', 'a b c d [1m'),
        (b'caf\xe9'.decode('utf-8', 'surrogateescape'), r'caf\udce9'),
        (ValueError('two\nlines'), 'two lines'),
        (KeyError('name'), 'name'),
        (EOFError(), 'EOFError'),
    ],
)
def test_one_line(told: object, line: str) -> None:
    assert one_line(told) == line


def test_a_line_may_be_cut() -> None:
    assert one_line('x' * 9, longest=8) == 'xxxxx...'
    assert one_line('x' * 8, longest=8) == 'x' * 8


def test_a_name_that_looks_the_same_is_told() -> None:
    long, short = 'fru\u0308h', 'fr\u00fch'
    assert 'Unicode' in same_letters(short, [long]) and 'Unicode' in same_letters(
        long, ['a', short]
    )
    assert same_letters(short, ['fruh', 'spat']) == same_letters('fruh', [long]) == ''
