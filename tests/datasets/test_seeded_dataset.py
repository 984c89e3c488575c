"""Contract: all data sets treat unreadable samples in the same way."""

from pathlib import Path
from typing import Any

import pytest

from mmvideomae.datasets import VideoListDataset
from mmvideomae.datasets.seeded_dataset import MAX_REFETCH, SeededDataset, decode_policy
from mmvideomae.synthetic.videos import moving_shapes, write_video
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.readers.pyav_reader import PyAVReader


class OtherError(Exception):
    path, reason = 'x', 'other'


class Numbers(SeededDataset):
    """Samples 0 to 9, some of which cannot be read."""

    def __init__(
        self,
        bad: set[int],
        policy: str,
        test_mode: bool = False,
        error: Exception | None = None,
        max_refetch: int = 5,
        length: int = 10,
    ) -> None:
        self.bad, self.length = bad, length
        self.error = error or self.unreadable('file', 'it is broken')
        super().__init__([self._load], test_mode, policy, max_refetch, serialize_data=False)

    def load_data_list(self) -> list[dict[str, Any]]:
        return [
            {'number': number, 'filename': f'/v/{number}.mp4', 'label': number % 3}
            for number in range(self.length)
        ]

    def _load(self, record: dict[str, Any]) -> dict[str, Any]:
        if record['number'] in self.bad:
            raise self.error
        return {'number': record['number']}


class OtherNumbers(Numbers):
    unreadable = OtherError


@pytest.mark.parametrize('kind', [Numbers, OtherNumbers])
def test_replacements_are_sound_seeded_and_bounded(kind: type[Numbers]) -> None:
    dataset = kind(set(range(0, 10, 2)), 'replace')
    dataset.set_epoch(0, 0)
    first = [dataset[index]['number'] for index in range(10)]
    assert first[1::2] == [1, 3, 5, 7, 9] and all(number % 2 for number in first)
    assert first == [dataset[index - 10]['number'] for index in range(10)]
    dataset.set_epoch(0, 1)
    assert first != [dataset[index]['number'] for index in range(10)]
    with pytest.raises(RuntimeError, match='sample 3 and 5 replacements could not be used'):
        kind(set(range(10)), 'replace')[3]


def test_replacements_differ_so_that_luck_ends_no_run() -> None:
    dataset = Numbers(set(range(60)), 'replace', max_refetch=MAX_REFETCH, length=61)
    dataset.set_epoch(0, 0)
    assert {dataset[index]['number'] for index in (0, 31, 60)} == {60}
    many = Numbers(set(), 'replace', max_refetch=MAX_REFETCH, length=1000)
    many.set_epoch(0, 0)
    drawn = list(many._candidates(7))
    assert drawn[0] == 7
    assert len(drawn) == len(set(drawn)) == MAX_REFETCH + 1
    assert 0.45 ** len(drawn) * 1e8 < 1e-12


def test_what_takes_too_much_memory_is_one_bad_file() -> None:
    memory = MemoryError('Unable to allocate 43 GiB')
    dataset = Numbers({3}, 'replace', error=memory)
    dataset.set_epoch(0, 0)
    assert dataset[3]['number'] != 3
    for error in (memory, RuntimeError("DefaultCPUAllocator: can't allocate memory: 1 bytes")):
        with pytest.raises(VideoReadError, match=r'3\.mp4.*more memory than available'):
            Numbers({3}, 'raise', error=error)[3]


@pytest.mark.parametrize('policy', ['replace', 'raise'])
def test_any_other_error_names_its_file(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []  # Python 3.10 has no notes
    monkeypatch.setattr(
        'mmvideomae.datasets.seeded_dataset.print_log', lambda text, **_: logged.append(text)
    )
    with pytest.raises(ZeroDivisionError) as caught:
        Numbers({3}, policy, error=ZeroDivisionError('bug'))[3]
    notes = getattr(caught.value, '__notes__', logged)
    assert 'while sample 3 was read: /v/3.mp4' in notes[0]


def test_what_a_failing_pipeline_opened_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / 'a.mp4', moving_shapes(4))
    closed: list[PyAVReader] = []

    def sample(results: dict[str, Any]) -> None:
        monkeypatch.setattr(PyAVReader, 'close', lambda reader: closed.append(reader))
        raise ZeroDivisionError

    pipeline = [{'type': 'OpenVideo', 'backend': 'pyav'}, sample]
    data = VideoListDataset([{'folder': str(tmp_path)}], pipeline)
    with pytest.raises(ZeroDivisionError):
        data[0]
    assert len(closed) == 1


def test_fingerprints_tell_samples_and_not_their_folder() -> None:
    class Moved(Numbers):
        def load_data_list(self) -> list[dict[str, Any]]:
            return [{**each, 'filename': '/w' + each['filename']} for each in self.listed()]

        def listed(self) -> list[dict[str, Any]]:
            return super().load_data_list()

    class Relabelled(Moved):
        def listed(self) -> list[dict[str, Any]]:
            return [{**each, 'label': 0} for each in super().listed()]

    class Reversed(Moved):
        def listed(self) -> list[dict[str, Any]]:
            return super().listed()[::-1]

    kinds = (Numbers, Moved, Relabelled, Reversed)
    first, *others = [kind(set(), 'raise').fingerprint() for kind in kinds]
    assert others[0] == first
    assert len({first, *others}) == 3


def test_raised_errors_say_in_a_test_on_videos_what_else_can_be_done() -> None:
    with pytest.raises(VideoReadError, match=r'it is broken$'):
        Numbers({1}, 'raise')[1]
    with pytest.raises(VideoReadError, match="set on_decode_error='count_wrong'"):
        Numbers({1}, 'raise', test_mode=True)[1]
    with pytest.raises(OtherError, match='broken'):
        OtherNumbers({1}, 'raise', test_mode=True)[1]


def test_a_data_set_that_knows_no_wrong_sample_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Numbers does not support 'count_wrong'"):
        Numbers({1}, 'count_wrong', test_mode=True)[1]


def test_policies_depend_on_the_mode() -> None:
    assert decode_policy(None, test_mode=False) == 'replace'
    assert decode_policy(None, test_mode=True) == 'raise'
    assert decode_policy('count_wrong', test_mode=True) == 'count_wrong'
    for policy, test_mode in (('replace', True), ('count_wrong', False), ('skip', True)):
        with pytest.raises(ValueError, match=f'on_decode_error must be one of .*{policy!r}'):
            decode_policy(policy, test_mode)
