"""List files: every documented form gives the same record, anything else names file:line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.formats.annotations import AnnotationError, Entry, LineFormat, read_list, split_line

ANY = LineFormat()


def read(tmp_path, text, line_format=ANY):
    path = tmp_path / 'list.txt'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_list(path, line_format)


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        ('a/b.mp4', Entry('a/b.mp4')),
        ('a/b.mp4 7', Entry('a/b.mp4', label=7)),
        ('a/b.mp4,7', Entry('a/b.mp4', label=7)),
        ('a/b.mp4, 7', Entry('a/b.mp4', label=7)),
        ('a/b.mp4\t7', Entry('a/b.mp4', label=7)),
        ('  a/b.mp4   7  ', Entry('a/b.mp4', label=7)),
        ('a/b.mp4 0 -1', Entry('a/b.mp4', 0, -1)),
        ('frames/b 1 300', Entry('frames/b', 1, 300)),
        ('frames/b,1,300,4', Entry('frames/b', 1, 300, 4)),
        ('"my clips/b 1.mp4" 7', Entry('my clips/b 1.mp4', label=7)),
        ("'my clips/b 1.mp4',7", Entry('my clips/b 1.mp4', label=7)),
        ('"my clips/b 1.mp4"', Entry('my clips/b 1.mp4')),
        ('"6"" pan, it\'s.mp4" 7', Entry('6" pan, it\'s.mp4', label=7)),
        ("'6\" pan, it''s.mp4',7", Entry('6" pan, it\'s.mp4', label=7)),
        ('my clips/b 1.mp4,7', Entry('my clips/b 1.mp4', label=7)),
        ('a,b.mp4 7', Entry('a,b.mp4', label=7)),
        ('a,b.mp4', Entry('a,b.mp4')),
        ('a#1.mp4 7', Entry('a#1.mp4', label=7)),
        ('дом/видео.mp4 7', Entry('дом/видео.mp4', label=7)),
    ],
)
def test_documented_forms(tmp_path, line, expected):
    assert read(tmp_path, line + '\n') == [expected]


def test_comments_blank_lines_and_line_ends_are_skipped(tmp_path):
    text = b'\xef\xbb\xbf# a list\r\n\r\na.mp4 1\r\n   # more\r\n  \r\nb.mp4 2'
    assert read(tmp_path, text) == [Entry('a.mp4', label=1), Entry('b.mp4', label=2)]


def test_names_that_are_no_utf8_reach_the_file_system(tmp_path):
    folder = tmp_path / 'videos'
    folder.mkdir()
    name = b'caf\xe9.mp4'
    with open(bytes(folder) + b'/' + name, 'wb'):
        pass
    (entry,) = read(tmp_path, name + b' 3\n')
    assert (folder / entry.path).exists()


@pytest.mark.parametrize(
    ('line', 'reason'),
    [
        ('my clips/b.mp4 7', 'quote a path that contains spaces'),
        ('a.mp4 seven', 'quote a path'),
        ('0 a.mp4', 'path comes first'),
        ('a.mp4 1 2 3 4', '4 numbers after the path, expected 0 to 3'),
        ('"a b.mp4 7', 'not closed'),
        ('"" 7', 'not closed'),
        ('"a" b.mp4" 7', 'must be integers'),
        ('"a""b.mp4 7', 'not closed'),
        ('"a b.mp4"x 7', 'not closed'),
        ('"a b.mp4" seven', 'must be integers'),
        ('a.mp4;0', 'not by semicolons'),
        ('a.mp4; 0', 'not by semicolons'),
        ('frames;1;20;0', 'not by semicolons'),
        ('frames 1 0', 'name no frames'),
        ('frames -3 10', 'name no frames'),
    ],
)
def test_malformed_lines_name_file_and_line(tmp_path, line, reason):
    with pytest.raises(AnnotationError, match=reason) as caught:
        read(tmp_path, f'# head\na.mp4\n{line}\n')
    assert f'{tmp_path}/list.txt:3: ' in str(caught.value)
    assert repr(line) in str(caught.value)


def test_missing_and_empty_lists(tmp_path):
    with pytest.raises(AnnotationError, match=r'cannot read the list .*gone\.txt.*No such file'):
        read_list(tmp_path / 'gone.txt', ANY)
    with pytest.raises(AnnotationError, match='names no video'):
        read(tmp_path, '# nothing\n\n')
    with pytest.raises(AnnotationError, match='cannot read the list'):
        read_list(tmp_path, ANY)


def test_a_list_in_utf16_is_read(tmp_path):
    text = '0.mp4 0\r\nж 1.mp4,1\r\n'.encode('utf-16')
    assert read(tmp_path, text) == [Entry('0.mp4', label=0), Entry('ж 1.mp4', label=1)]


def test_a_video_is_no_list_and_long_lines_are_shortened(tmp_path):
    for content in (b'\0\0\0\x20ftypisom' + bytes(range(256)) * 99, 'x y ' * 9999):
        with pytest.raises(AnnotationError, match=r'list\.txt( is not text|:1: )') as caught:
            read(tmp_path, content)
        assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_commas_that_fill_a_row_and_marks_of_joined_lists_are_no_part_of_a_path(tmp_path):
    found = read(tmp_path, '\ufeffa.mp4,0,\n\ufeffb.mp4 1\n;c;d.mp4 2\n"e.mp4;1" 3\n')
    assert [entry.path for entry in found] == ['a.mp4', 'b.mp4', ';c;d.mp4', 'e.mp4;1']
    assert [entry.label for entry in found] == [0, 1, 2, 3]


def test_a_path_with_a_nul_byte_is_one_entry(tmp_path):
    assert read(tmp_path, 'a.mp4 0\nb\0.mp4 1\n')[1] == Entry('b\0.mp4', label=1)


def test_columns_say_what_the_numbers_are(tmp_path):
    line_format = LineFormat.of('path total label', labelled=False)
    assert read(tmp_path, 'frames/b 120 4\n', line_format) == [Entry('frames/b', None, 120, 4)]
    with pytest.raises(AnnotationError, match='1 numbers after the path, expected 2'):
        read(tmp_path, 'frames/b 120\n', line_format)


@pytest.mark.parametrize('columns', ['label path', 'path path', 'path score', ''])
def test_unknown_columns_are_refused(columns):
    with pytest.raises(ValueError, match='columns must be'):
        LineFormat.of(columns, labelled=False)


def test_labelled_lists_need_labels(tmp_path):
    labelled = LineFormat.of(None, labelled=True)
    assert read(tmp_path, 'a.mp4 3\nf 1 9 4\n', labelled)[1] == Entry('f', 1, 9, 4)
    for line in ('a.mp4', 'f 1 9'):
        with pytest.raises(AnnotationError, match=r'list\.txt:1: a label is required'):
            read(tmp_path, line, labelled)
    told = "a label is required .*, an integer after the path '0,a.mp4,3': "
    with pytest.raises(AnnotationError, match=told):  # an index of pandas before the path
        read(tmp_path, '0,a.mp4,3\n', labelled)
    with pytest.raises(ValueError, match='needs a label column'):
        LineFormat.of('path total', labelled=True)


@pytest.mark.parametrize('header', ['path,label', 'video_name class', ',path,label', 'File\tLabel'])
def test_a_header_is_told_as_one(tmp_path, header):
    labelled = LineFormat.of(None, labelled=True)
    with pytest.raises(AnnotationError, match=r'list\.txt:1: .*; if it is a header, delete it$'):
        read(tmp_path, f'{header}\na.mp4 3\n', labelled)
    for text in (f'a.mp4 3\n{header}\n', 'a b.mp4 3\n'):
        with pytest.raises(AnnotationError) as caught:
            read(tmp_path, text, labelled)
        assert 'if it is a header' not in str(caught.value)


def test_labels_below_0_are_refused_where_labels_count(tmp_path):
    assert read(tmp_path, 'a.mp4 -1\n') == [Entry('a.mp4', label=-1)]
    with pytest.raises(AnnotationError, match=r'list\.txt:1: label -1: labels start at 0'):
        read(tmp_path, 'a.mp4 -1\n', LineFormat(labelled=True))


@pytest.mark.parametrize('columns', [None, 'path label'])
def test_labels_outside_the_classes_are_told_with_their_line(tmp_path, columns):
    line_format = LineFormat.of(columns, labelled=True, num_classes=3)
    assert read(tmp_path, 'a.mp4 0\nb.mp4 2\n', line_format)[1].label == 2
    for label in (3, -1, 400):
        with pytest.raises(AnnotationError) as caught:
            read(tmp_path, f'a.mp4 0\nb.mp4 {label}\n', line_format)
        told = str(caught.value)
        assert f'list.txt:2: label {label} is outside 0..2' in told and 'num_classes' in told
        assert '\n' not in told
    assert read(tmp_path, 'a.mp4 0\nb.mp4 400\n')[1].label == 400


PATHS = st.text(st.characters(exclude_categories=['Cs', 'Cc', 'Z'], exclude_characters='\'"#;'))
NUMBERS = st.lists(st.integers(-1, 10**6), max_size=3)


@given(path=PATHS.filter(bool), numbers=NUMBERS, separator=st.sampled_from([' ', '\t', '  ']))
def test_paths_without_spaces_survive_spaced_lines(path, numbers, separator):
    line = separator.join([path, *map(str, numbers)])
    if ',' not in path or numbers:
        read_path, read_numbers = split_line(line)
        assert (read_path, read_numbers) == (path, numbers) or ',' in path


@given(path=st.text('abc 1-_,.', min_size=1).filter(str.strip), numbers=NUMBERS)
def test_quoted_paths_survive_whatever_they_hold(path, numbers):
    assert split_line(' '.join([f'"{path}"', *map(str, numbers)])) == (path, numbers)
    assert split_line(','.join([f'"{path}"', *map(str, numbers)])) == (path, numbers)


SEVERAL = LineFormat.of(None, labelled=True, num_classes=5, multi_class=True)


def test_lists_of_several_labels_are_those_of_mmaction2(tmp_path):
    text = 'a.mp4 3 0\nb.mp4 4\nc.mp4,1,2,3,4\n'
    assert read(tmp_path, text, SEVERAL) == [
        Entry('a.mp4', labels=(3, 0)),
        Entry('b.mp4', labels=(4,)),
        Entry('c.mp4', labels=(1, 2, 3, 4)),
    ]
    named = LineFormat.of('path start total label', labelled=True, multi_class=True)
    assert read(tmp_path, 'f 1 30 7 2\n', named) == [Entry('f', 1, 30, labels=(7, 2))]


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('a.mp4', r'at least one label is required \(multi_class=True\)'),
        ('a.mp4 1 5', r'label 5 is outside 0\.\.4; fix the line or set num_classes'),
        ('a.mp4 -1 2', r'label -1 is outside 0\.\.4'),
        ('a.mp4 1 2 1', r'label 1 is given twice'),
    ],
)
def test_wrong_labels_of_several_name_the_line(tmp_path, line, message):
    with pytest.raises(AnnotationError, match=rf'list\.txt:2: {message}') as e:
        read(tmp_path, f'ok.mp4 0\n{line}\n', SEVERAL)
    assert '\n' not in str(e.value)


def test_several_labels_where_one_is_expected_name_the_cure(tmp_path):
    one = LineFormat.of(None, labelled=True, num_classes=9)
    for line in ('a.mp4 1 2', 'a.mp4 1 2 3 4'):
        with pytest.raises(AnnotationError, match='multi_class=True'):
            read(tmp_path, line, one)
    with pytest.raises(ValueError, match='come last'):
        LineFormat.of('path label total', labelled=True, multi_class=True)
