"""Lists of clips with several labels: shares are kept, and what is wrong names its line."""

import logging
from pathlib import Path

import pytest

from mmvideomae.formats.annotations import LineFormat, read_list
from mmvideomae.formats.text_files import AnnotationError
from mmvideomae.preparation.lists.make_annotations import write_annotations
from mmvideomae.preparation.lists.tagged import annotate_table

SHARES = {'train': 0.8, 'val': 0.2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / 'videos'
    folder.mkdir()
    for number in range(60):
        (folder / f'clip {number}.mp4').touch()
    return folder


def table(folder: Path, *lines: str) -> Path:
    path = folder.parent / 'labels.csv'
    path.write_text('\n'.join(lines))
    return path


def test_every_class_is_in_both_splits_and_the_lists_read_back(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = ['# clip,classes']
    tags = {}
    for number in range(50):
        own = ['walk', *(['run'] if number % 2 else []), *(['eat cake'] if number < 5 else [])]
        tags[f'clip {number}.mp4'] = set(own)
        lines.append(','.join([f'clip {number}.mp4', *own, '']))
    with caplog.at_level(logging.WARNING):
        found = annotate_table(folder, table(folder, *lines), SHARES)
    assert '10 clips that' in caplog.text
    assert found.classes == ['eat cake', 'run', 'walk']
    write_annotations(found, tmp_path / 'lists')
    listed = LineFormat.of(None, labelled=True, num_classes=3, multi_class=True)
    lists = {name: read_list(tmp_path / 'lists' / f'{name}.csv', listed) for name in SHARES}
    assert {len(entries) for entries in lists.values()} == {40, 10}
    for entries in lists.values():
        assert {label for entry in entries for label in entry.labels} == {0, 1, 2}
        for entry in entries:
            assert {found.classes[label] for label in entry.labels} == tags.pop(entry.path)
    assert not tags
    again = annotate_table(folder, tmp_path / 'labels.csv', SHARES)
    other = annotate_table(folder, tmp_path / 'labels.csv', SHARES, seed=1)
    assert again.lists == found.lists != other.lists


def test_a_class_of_one_clip_is_for_training(folder: Path) -> None:
    lines = [f'clip {n}.mp4,walk' for n in range(5)]
    found = annotate_table(folder, table(folder, 'clip 9.mp4,walk,rare', *lines), SHARES)
    assert 'clip 9.mp4' in [sample.path for sample, _ in found.lists['train']]
    assert found.lists['val']


@pytest.mark.parametrize(
    ('lines', 'message'),
    [
        (['clip 1.mp4'], r'labels\.csv:1: the clip has no class'),
        (['clip 1.mp4,a', 'clip 2.mp4,a,b,a'], r"labels\.csv:2: the class 'a' is given twice"),
        (['clip 1.mp4,a', 'clip 1.mp4,b'], r"labels\.csv:2: the clip 'clip 1\.mp4' has a line"),
        (['clip 99.mp4,a'], r"labels\.csv:1: there is no clip 'clip 99\.mp4' in "),
        (['# nothing'], 'names no clip'),
        (['clip 1.mp4,a'], 'too few for a list val'),
    ],
)
def test_what_is_wrong_is_one_line(folder: Path, lines: list[str], message: str) -> None:
    with pytest.raises(AnnotationError, match=message) as e:
        annotate_table(folder, table(folder, *lines), SHARES)
    assert '\n' not in str(e.value)


def test_a_clip_whose_name_looks_the_same_is_told(folder: Path) -> None:
    (folder / 'u\u0308.mp4').touch()
    with pytest.raises(AnnotationError, match=r'no clip .* other Unicode forms'):
        annotate_table(folder, table(folder, '\u00fc.mp4,walk'), SHARES)


@pytest.mark.parametrize(
    ('name', 'hint'),
    [
        ('path', 'if it is a header, delete it'),
        ('clip 7', "did you mean 'clip 7.mp4'"),
        ('./clip 7.mp4', "did you mean 'clip 7.mp4'"),
        ('CLIP 7.MP4', "did you mean 'clip 7.mp4'"),
    ],
)
def test_a_clip_that_is_not_there_is_told_with_a_hint(folder: Path, name: str, hint: str) -> None:
    with pytest.raises(AnnotationError, match=rf'labels\.csv:1: there is no clip .*; {hint}'):
        annotate_table(folder, table(folder, f'{name},walk', 'clip 1.mp4,walk'), SHARES)
