"""Text in any usual encoding is read, one line is one row, and anything else is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmvideomae.formats.text_files import (
    AnnotationError,
    is_binary,
    numbered_lines,
    read_json,
    read_rows,
    read_utf8,
    row_line,
    shown,
    split_row,
)

MP4 = b'\0\0\0\x20ftypisom\0\0\2\0isomiso2mp41\0\0\0\x08free' + bytes(range(256))


def write(tmp_path, content):
    path = tmp_path / 'names.csv'
    path.write_bytes(content)
    return path


@pytest.mark.parametrize('codec', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
def test_encodings_and_line_ends_make_no_difference(tmp_path, codec, end):
    path = write(tmp_path, f'яхта,1{end}{end}b\u2028c,2'.encode(codec))
    assert list(numbered_lines(path)) == [(1, 'яхта,1'), (3, 'b\u2028c,2')]
    assert list(read_rows(path)) == [(1, ['яхта', '1']), (3, ['b\u2028c', '2'])]


def test_json_is_read_in_any_encoding_and_faults_have_a_line(tmp_path):
    assert read_json(write(tmp_path, '{"a": "ж"}'.encode('utf-16'))) == {'a': 'ж'}
    for text, line in (('[\n1,]', 2), ('', 1)):
        with pytest.raises(AnnotationError, match=rf'names\.csv:{line}: not valid JSON'):
            read_json(write(tmp_path, text.encode()))
    with pytest.raises(AnnotationError, match='nested too deeply'):
        read_json(write(tmp_path, b'[' * 10**6))


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        ('caf\xe9 1\n'.encode('latin-1'), 'not UTF-8 text .* in line 1.; save it as UTF-8'),
        (b'a\nb\xff\n', 'not UTF-8 text .* in line 2'),
        (b'\xff\xfea', 'not UTF-16 text'),
        ('0.mp4 0\r\n1.mp4 1\r\n'.encode('utf-16-le'), 'UTF-16 without a byte order mark'),
        ('a'.encode('utf-16-be'), 'UTF-16 without a byte order mark'),
        (MP4, 'not text: it contains binary data'),
    ],
)
def test_other_bytes_are_told_with_file_and_encoding(tmp_path, content, told):
    with pytest.raises(AnnotationError, match=told) as caught:
        read_utf8(write(tmp_path, content), 'list')
    assert 'the list' in str(caught.value) and 'names.csv' in str(caught.value)
    assert len(str(caught.value)) < 250 + len(str(tmp_path)) and '\n' not in str(caught.value)


def test_files_that_cannot_be_opened_are_named(tmp_path):
    for path in (tmp_path / 'gone', tmp_path, f'{tmp_path}/a\0b', f'{tmp_path}/{"a" * 300}'):
        with pytest.raises(AnnotationError, match='cannot read the list '):
            read_utf8(path, 'list')
        assert not is_binary(path)


def test_bytes_of_file_names_are_kept_where_files_are_named(tmp_path):
    path = write(tmp_path, b'caf\xe9.mp4')
    assert read_utf8(path, names_files=True).encode('utf-8', 'surrogateescape') == b'caf\xe9.mp4'


def test_binary_files_are_told_from_texts(tmp_path):
    assert is_binary(write(tmp_path, MP4))
    assert is_binary(write(tmp_path, bytes(range(1, 256)) * 32))  # as streams without a header
    for text in (b'', b'a.mp4 0\nb\0.mp4 1\n', 'ж'.encode('utf-16'), b'caf\xe9.mp4'):
        assert not is_binary(write(tmp_path, text))


@pytest.mark.parametrize(
    'line', ['a,0,1,"jump', '"a,0,1,jump', 'a,"0","1,jump', 'a,0,1,"jump""', 'a,0,1,"ju"mp"x']
)
def test_a_quote_that_is_not_closed_ends_with_its_line(tmp_path, line):
    rest = 'b,0,1,"run"\n' * 3
    if line.endswith('x'):  # closed and opened no more
        assert len(list(read_rows(write(tmp_path, f'{line}\n{rest}'.encode())))) == 4
        return
    with pytest.raises(AnnotationError, match=r'names\.csv:2: a quotation mark .* is not closed'):
        list(read_rows(write(tmp_path, f'# head\n{line}\n{rest}'.encode())))


def test_quotes_within_a_field_are_part_of_it():
    assert split_row('a 6" b, "x, ""y""" ,3') == ['a 6" b', 'x, "y"', '3']


def test_comments_and_empty_rows_are_skipped_and_quoted_hashes_not(tmp_path):
    path = write(tmp_path, b' # head\n,,\n\n"#1",2\n#1,2\n')
    assert list(read_rows(path)) == [(4, ['#1', '2'])]


FIELDS = st.text(st.characters(codec='utf-8', exclude_characters='\r\n\0')).map(str.strip)


@given(st.lists(FIELDS, min_size=1))
@example(['a;b'])
@example(['0\t0'])
def test_rows_are_read_back_as_written(tmp_path_factory, fields):
    path = tmp_path_factory.mktemp('rows') / 'row.csv'
    path.write_text(f'x\n{row_line(fields)}\n', encoding='utf-8')
    assert [row for _, row in read_rows(path)] == [['x'], *([fields] if any(fields) else [])]


@pytest.mark.parametrize(('mark', 'name'), [(';', 'semicolons'), ('\t', 'tabs')])
def test_other_separators_are_told(tmp_path, mark, name):
    path = write(tmp_path, mark.join(['a', '0', '1.5', 'jump']).encode())
    with pytest.raises(AnnotationError, match=rf'names\.csv:1: .* by commas, not by {name}: '):
        list(read_rows(path))


def test_a_row_cannot_hold_a_line_break():
    with pytest.raises(ValueError, match='line break'):
        row_line(['a', 'b\nc'])


def test_long_texts_are_shortened_for_messages():
    assert shown('ab') == "'ab'" and len(shown('x' * 10**5)) == 202
