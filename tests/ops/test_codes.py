"""Contract: special ids follow the codes, as in the released VIMPAC."""

from mmvideomae.ops.codes import Vocabulary


def test_special_ids_are_those_of_the_released_embedding() -> None:
    vocabulary = Vocabulary(8192)
    assert (vocabulary.pad, vocabulary.mask, vocabulary.size) == (8193, 8196, 8197)


def test_special_ids_are_distinct_and_within_the_embedding() -> None:
    vocabulary = Vocabulary(16)
    special = {vocabulary.pad, vocabulary.mask}
    assert len(special) == 2 and all(16 <= i < vocabulary.size for i in special)
