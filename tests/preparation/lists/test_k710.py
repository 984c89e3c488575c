"""The K710 merge keeps one clip per id, never trains on validation videos, and maps all classes."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torchvision.models import video  # its Kinetics-400 weights hold the 400 official names

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.lists.k710 import RENAMED, Version, merge, merged_name
from mmvideomae.preparation.lists.kinetics import FILE_NAME, Row

KINETICS400 = video.R3D_18_Weights.KINETICS400_V1.meta['categories']
PAIRS = """
balloon blowing -> inflating balloons
changing wheel -> changing wheel (not on bike)
cooking sausages -> cooking sausages (not on barbeque)
drinking -> sipping cup
dying hair -> dyeing hair
garbage collecting -> person collecting garbage
hugging -> hugging (not baby)
making bed -> making the bed
opening bottle -> opening bottle (not wine)
passing american football (not in game) -> passing American football (not in game)
picking fruit -> picking apples
skiing (not slalom or crosscountry) -> skiing mono
sniffing -> smelling feet
throwing ball -> throwing ball (not baseball or American football)
tying tie -> tying necktie
"""
NAMES = ['abseiling', 'drinking', 'sipping cup', 'hugging', 'zumba']


class Clip(NamedTuple):
    """A row of a CSV file to write."""

    label: str
    id: str
    start: int = 0


def write_csv(path: Path, clips: Sequence[Clip], split: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['label', 'youtube_id', 'time_start', 'time_end', 'split'])
        writer.writerows([c.label, c.id, c.start, c.start + 10, split] for c in clips)
    return path


@pytest.fixture(scope='module')
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Version]:
    """A version of Kinetics with such rows; files named in ``absent`` are missing."""

    def build(
        name: str, train: Sequence[Clip], val: Sequence[Clip], absent: Sequence[str] = ()
    ) -> Version:
        folder = tmp_path_factory.mktemp(name)

        def locate(row: Row) -> str | None:
            return None if row.video in absent else f'{name}/{row.file_name(FILE_NAME)}.mp4'

        return Version(
            name,
            write_csv(folder / 'train.csv', train, 'train'),
            write_csv(folder / 'val.csv', val, 'val'),
            locate,
        )

    return build


def clips_of(merged: list[tuple[str, int]], classes: list[str]) -> dict[str, str]:
    return {path: classes[label] for path, label in merged}


def test_planted_renames_duplicates_and_leaks(make: Callable[..., Version]) -> None:
    new = make(
        'kinetics700',
        [Clip('sipping cup', 'both'), Clip('abseiling', 'twice'), Clip('abseiling', 'twice', 5)],
        [Clip('hugging (not baby)', 'val7'), Clip('zumba', 'valboth')],
    )
    old = make(
        'kinetics400',
        [
            Clip('drinking', 'both'),  # renamed: a duplicate with the same merged label
            Clip('hugging', 'val7', 30),  # validated on by the other version
            Clip('abseiling', 'valown'),  # and by this one
            Clip('hugging', 'old', 7),
            Clip('drinking', 'twice', 5),  # the versions disagree
        ],
        [Clip('zumba', 'valboth', 3), Clip('drinking', 'valown')],
    )
    merged = merge([new, old])
    assert merged.classes == ['abseiling', 'hugging (not baby)', 'sipping cup', 'zumba']
    assert clips_of(merged.lists['train'], merged.classes) == {
        'kinetics700/both_000000_000010.mp4': 'sipping cup',
        'kinetics700/twice_000000_000010.mp4': 'abseiling',
        'kinetics400/old_000007_000017.mp4': 'hugging (not baby)',
    }
    assert clips_of(merged.lists['val'], merged.classes) == {
        'kinetics700/val7_000000_000010.mp4': 'hugging (not baby)',
        'kinetics700/valboth_000000_000010.mp4': 'zumba',
        'kinetics400/valown_000000_000010.mp4': 'sipping cup',
    }
    # abseiling, drinking, hugging, zumba; abseiling, hugging (not baby), sipping cup, zumba
    assert merged.maps == {'kinetics400': [0, 2, 1, 3], 'kinetics700': [0, 1, 2, 3]}
    tally = merged.tallies['kinetics400']['train']
    assert (tally.rows, tally.kept, tally.duplicates, tally.leaks) == (5, 1, 2, 2)
    assert (tally.other_label, tally.other_span) == (1, 1)
    tally = merged.tallies['kinetics700']['train']
    assert (tally.rows, tally.kept, tally.duplicates, tally.other_span) == (3, 2, 1, 1)
    tally = merged.tallies['kinetics400']['val']
    assert (tally.kept, tally.duplicates, tally.other_label, tally.other_span) == (1, 1, 0, 1)
    # The preferred version decides where they disagree.
    merged = merge([old, new])
    train = clips_of(merged.lists['train'], merged.classes)
    assert train['kinetics400/twice_000005_000015.mp4'] == 'sipping cup'


def test_a_missing_file_is_replaced_and_still_guards_validation(
    make: Callable[..., Version],
) -> None:
    new = make(
        'kinetics700',
        [Clip('zumba', 'a'), Clip('zumba', 'b'), Clip('zumba', 'v')],
        [Clip('zumba', 'v')],
        absent=['a', 'v'],
    )
    old = make('kinetics400', [Clip('zumba', 'a', 4), Clip('zumba', 'v')], [Clip('zumba', 'w')])
    merged = merge([new, old])
    assert [path for path, _ in merged.lists['train']] == [
        'kinetics700/b_000000_000010.mp4',
        'kinetics400/a_000004_000014.mp4',
    ]
    assert [path for path, _ in merged.lists['val']] == ['kinetics400/w_000000_000010.mp4']
    assert [(split, name, row.video) for split, name, row in merged.missing] == [
        ('val', 'kinetics700', 'v'),
        ('train', 'kinetics700', 'a'),
    ]
    assert merged.tallies['kinetics700']['train'].missing == 1
    assert merged.tallies['kinetics700']['train'].leaks == 1


labels = st.sampled_from(['abseiling', 'drinking', 'hugging', 'zumba'])
rows = st.lists(
    st.builds(Clip, labels, st.text('abcdef', min_size=1, max_size=1), st.integers(0, 2)),
    min_size=1,
    max_size=12,
)


@given(st.lists(st.tuples(rows, rows, st.sets(st.sampled_from('abcdef'), max_size=2)), min_size=3,
                max_size=3))  # fmt: skip
def test_properties(make: Callable[..., Version], files: list[tuple]) -> None:
    names = ('kinetics700', 'kinetics600', 'kinetics400')
    versions = [
        make(name, train, val, absent)
        for name, (train, val, absent) in zip(names, files, strict=True)
    ]
    merged = merge(versions)
    assert merged.classes == sorted({merged_name(c.label) for t, v, _ in files for c in t + v})
    held_out = {clip.id for _, val, _ in files for clip in val}
    ids = {}
    for split, part in (('train', 0), ('val', 1)):
        listed = [(Path(path).name.split('_')[0], path, k) for path, k in merged.lists[split]]
        ids[split] = [clip for clip, _, _ in listed]
        assert max(Counter(ids[split]).values(), default=1) == 1
        there = {clip.id for f in files for clip in f[part] if clip.id not in f[2]}
        assert set(ids[split]) == there - (held_out if split == 'train' else set())
        # Each stands for a row of the first version that has it, with that row's class.
        for clip, path, k in listed:
            name = Path(path).parent.name
            first = next(n for n, f in zip(names, files, strict=True)
                         if clip not in f[2] and clip in {c.id for c in f[part]})  # fmt: skip
            assert name == first
            row = next(c for c in files[names.index(name)][part] if c.id == clip)
            assert merged.classes[k] == merged_name(row.label)
            assert f'{clip}_{row.start:06d}_' in path
    assert not set(ids['train']) & held_out
    for name, (train, val, _) in zip(names, files, strict=True):
        own = sorted({clip.label for clip in train + val})
        assert [merged.classes[k] for k in merged.maps[name]] == [merged_name(n) for n in own]
        for split, given_rows in (('train', train), ('val', val)):
            tally = merged.tallies[name][split]
            total = tally.kept + tally.missing + tally.duplicates + tally.leaks
            assert tally.rows == total == len(given_rows)


def test_the_official_names_of_kinetics400(make: Callable[..., Version]) -> None:
    clips = [Clip(name, f'id{n}') for n, name in enumerate(KINETICS400)]
    other = [Clip(name, f'other{n}') for n, name in enumerate(RENAMED.values())]
    merged = merge([make('kinetics400', clips, clips[:1]), make('kinetics700', other, other[:1])])
    rows_of_400 = merged.maps['kinetics400']
    assert len(rows_of_400) == len(set(rows_of_400)) == 400
    for name, row in zip(KINETICS400, rows_of_400, strict=True):  # the official order
        assert merged.classes[row] == RENAMED.get(name, name)
    assert dict(pair.split(' -> ') for pair in PAIRS.strip().splitlines()) == RENAMED
    assert len(RENAMED) == len(set(RENAMED.values())) == 15
    # All of the renamed but one are classes of Kinetics-400, and none of their new names but one.
    assert set(RENAMED) - set(KINETICS400) == {'passing american football (not in game)'}
    assert set(RENAMED.values()) & set(KINETICS400) == {'passing American football (not in game)'}
    assert len(merged.classes) == 400 + 15 - 15


def test_a_given_order_of_classes(make: Callable[..., Version]) -> None:
    version = make('kinetics400', [Clip('drinking', 'a'), Clip('zumba', 'b')], [Clip('zumba', 'c')])
    merged = merge([version], ['zumba', 'sipping cup'])
    assert merged.classes == ['zumba', 'sipping cup']
    assert merged.maps == {'kinetics400': [1, 0]}
    assert [label for _, label in merged.lists['train']] == [1, 0]
    for order in (['zumba'], ['zumba', 'drinking'], ['zumba', 'sipping cup', 'zumba']):
        with pytest.raises(AnnotationError, match='there are 2 merged classes'):
            merge([version], order)


def test_two_versions_mixed_in_one_file(make: Callable[..., Version]) -> None:
    clips = [Clip(name, name) for name in NAMES]
    with pytest.raises(AnnotationError, match=r"kinetics400 has both 'drinking' and 'sipping cup'"):
        merge([make('kinetics400', clips, clips)])
