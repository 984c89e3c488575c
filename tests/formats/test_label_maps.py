"""Contract: all layouts of label maps read alike, gaps stay, and faults name file:line."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmaction.evaluation.functional.ava_utils import read_labelmap

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.label_maps import LabelMap, read_label_map, write_label_map

NAMES = {1: 'bend/bow (at the waist)', 3: 'crouch/kneel', 80: "watch (e.g., TV; don't blink)"}
AVA = ''.join(
    f'label {{\n  name: "{name}"\n  label_id: {number}\n  label_type: PERSON_MOVEMENT\n}}\n'
    for number, name in NAMES.items()
)
ACTIVITYNET = ''.join(
    f'item {{\n  name: "{name}"\n  id: {number}\n}}\n' for number, name in NAMES.items()
)


def save(folder: Path, text: str) -> Path:
    path = folder / 'map.pbtxt'
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    'text',
    [
        AVA,
        ACTIVITYNET,
        '# AVA\r\n' + ACTIVITYNET.replace('\n', '\r\n'),
        ' '.join(ACTIVITYNET.split()).replace('e.g., TV', 'e.g., TV').replace('item {', 'item{'),
        AVA.replace('  ', '\t').replace('label {', 'label: {').replace(': ', ':'),
        ''.join(f'item {{ id: {n}, name: "{name}" }} # {n}\n' for n, name in NAMES.items()),
        ''.join(f'item {{\n  name: {name}\n  id: {n}\n}}\n' for n, name in NAMES.items()).replace(
            "don't", 'do not'
        ),
        ''.join(
            "item {{ name: '{}' id: {} }}".format(name.replace("'", "\\'"), number)
            for number, name in NAMES.items()
        ),
    ],
)
def test_every_layout_reads_alike(tmp_path: Path, text: str) -> None:
    names = read_label_map(save(tmp_path, text)).names
    assert {n: name.replace('do not', "don't") for n, name in names.items()} == NAMES


@pytest.mark.parametrize('text', [AVA, ACTIVITYNET])
def test_they_say_what_mmaction2_reads_from_the_official_layouts(tmp_path: Path, text: str) -> None:
    theirs, ids = read_labelmap(io.StringIO(text))
    ours = read_label_map(save(tmp_path, text)).names
    assert ours == {each['id']: each['name'] for each in theirs} and set(ours) == ids


def test_gaps_are_columns_without_a_name(tmp_path: Path) -> None:
    label_map = read_label_map(save(tmp_path, 'item { id: 4 name: "b" }\nitem { id: 2 name: "a" }'))
    assert list(label_map.names) == [2, 4] and label_map.num_classes == 4
    assert label_map.classes() == ['class 1', 'a', 'class 3', 'b']
    assert label_map.classes(5)[4:] == ['class 5']
    assert (label_map.class_count(), label_map.class_count(6)) == (4, 6)
    with pytest.raises(AnnotationError, match=r"map.pbtxt names id 4 \('b'\).*num_classes is 3"):
        label_map.class_count(3)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'names no class'),
        ('\n# nothing\n', 'names no class'),
        ('item { id: 1 name: "a" }\nitem { id: 0 name: "b" }', ":2: id '0' of 'b' is not a number"),
        ('item {\n  name: "a"\n  id: -3\n}', ":3: id '-3' of 'a'"),
        ('item {\n  name: "a"\n  id: one\n}', ":3: id 'one' of 'a'"),
        ('item {\n  name: "a"\n}', ':1: this entry has 0 ids and 1 names'),
        ('item {\n  id: 1\n}', ':1: this entry has 1 ids and 0 names'),
        ('item { id: 1 id: 2 name: "a" }', ':1: this entry has 2 ids'),
        ('item { id: 1 name: "a" }\nitem { id: 1 name: "b" }', ":2: id 1 is 'b' here, but 'a'"),
        ('item { id: 1 name: "a" }\nitem { id: 2 name: "b"', ":2: 'item { id: 2"),
        ('item { id: 1 name: "a" }\n\nv,0902,0,0,1,1,1', ":3: 'v,0902"),
        ('item { id: 1 name: "a" } }', ":1: '}' is unexpected"),
        ('item {\n id: 1\n box { }\n}', ":1: 'item {' is unexpected"),
    ],
)
def test_faults_say_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        read_label_map(save(tmp_path, text))
    assert f'map.pbtxt{message}' in str(caught.value).replace('pbtxt names', 'pbtxtnames')
    assert '\n' not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r'gone.pbtxt: No such file'):
        read_label_map(tmp_path / 'gone.pbtxt')
    (tmp_path / 'map.pbtxt').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(AnnotationError, match=r'map.pbtxt: it is not UTF-16 text'):
        read_label_map(tmp_path / 'map.pbtxt')
    with pytest.raises(AnnotationError, match=r"x: id 0 \('a'\): ids start at 1"):
        LabelMap({0: 'a'}, 'x')


@given(
    names=st.dictionaries(
        st.integers(1, 200),
        st.text(st.characters(codec='utf-8', exclude_categories=('C', 'Z'))).filter(bool),
        min_size=1,
    )
)
def test_what_is_written_is_read(names: dict[int, str], tmp_path_factory: object) -> None:
    path = Path(tmp_path_factory.mktemp('maps', numbered=True)) / 'map.pbtxt'
    write_label_map(path, names)
    assert read_label_map(path).names == dict(sorted(names.items()))
