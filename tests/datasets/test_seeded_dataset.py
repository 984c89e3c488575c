"""Contract: one way for all data sets to treat samples that cannot be read."""

from typing import Any

import pytest

from mmvideomae.datasets.readers import VideoReadError
from mmvideomae.datasets.seeded_dataset import SeededDataset, decode_policy


class OtherError(Exception):
    path, reason = 'x', 'other'


class Numbers(SeededDataset):
    """Samples 0 to 9, of which some cannot be read."""

    def __init__(self, bad: set[int], policy: str, test_mode: bool = False) -> None:
        self.bad = bad
        super().__init__([self._load], test_mode, policy, max_refetch=5, serialize_data=False)

    def load_data_list(self) -> list[dict[str, Any]]:
        return [{'number': number} for number in range(10)]

    def _load(self, record: dict[str, Any]) -> dict[str, Any]:
        if record['number'] in self.bad:
            raise self.unreadable('file', 'it is broken')
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


def test_raised_errors_say_in_a_test_on_videos_what_else_can_be_done() -> None:
    with pytest.raises(VideoReadError, match=r'it is broken$'):
        Numbers({1}, 'raise')[1]
    with pytest.raises(VideoReadError, match="set on_decode_error='count_wrong'"):
        Numbers({1}, 'raise', test_mode=True)[1]
    with pytest.raises(OtherError, match='broken'):
        OtherNumbers({1}, 'raise', test_mode=True)[1]


def test_a_data_set_that_knows_no_wrong_sample_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Numbers knows no 'count_wrong'"):
        Numbers({1}, 'count_wrong', test_mode=True)[1]


def test_policies_depend_on_the_mode() -> None:
    assert decode_policy(None, test_mode=False) == 'replace'
    assert decode_policy(None, test_mode=True) == 'raise'
    assert decode_policy('count_wrong', test_mode=True) == 'count_wrong'
    for policy, test_mode in (('replace', True), ('count_wrong', False), ('skip', True)):
        with pytest.raises(ValueError, match=f'on_decode_error must be one of .*{policy!r}'):
            decode_policy(policy, test_mode)
