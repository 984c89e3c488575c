"""A list can hold every path that a file system allows, except line breaks, and returns it."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmvideomae.formats.annotations import Entry, LineFormat, read_list, split_line
from mmvideomae.formats.list_lines import list_line, write_lines

# What file systems allow, in any encoding; bytes that mean something in a list come often.
PATHS = st.lists(
    st.sampled_from([b' ', b'"', b"'", b'#', b',', b'\t', b'\xc2\xa0', b'\xe9', b'a', b'1'])
    | st.binary(min_size=1, max_size=3).filter(lambda part: not set(part) & set(b'\0\n\r')),
    min_size=1,
    max_size=8,
).map(lambda parts: os.fsdecode(b''.join(parts)))


@given(path=PATHS, numbers=st.lists(st.integers(-5, 10**6), max_size=3))
@example(path='a "b" it\'s #1, c.mp4', numbers=[3])
def test_a_line_is_read_back(path: str, numbers: list[int]) -> None:
    line = list_line(path, numbers)
    assert not line.startswith('#') and '\n' not in line
    assert split_line(line.strip()) == (path, numbers)


@given(paths=st.lists(PATHS, min_size=1, max_size=4))
@example(paths=['\ufeffa.mp4'])
@example(paths=[os.fsdecode(b'\xff\xfea.mp4')])
def test_a_file_of_lines_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str]
) -> None:
    file = tmp_path_factory.mktemp('lists') / 'list.csv'
    write_lines(file, [list_line(path, [7]) for path in paths])
    assert read_list(file, LineFormat()) == [Entry(path, label=7) for path in paths]


@pytest.mark.parametrize('path', ['a\nb.mp4', 'a\rb.mp4', ''])
def test_what_a_line_cannot_hold_is_named(path: str) -> None:
    with pytest.raises(ValueError, match='a list cannot contain a path') as caught:
        list_line(path, [1])
    assert repr(path) in str(caught.value)
