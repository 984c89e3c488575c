"""Frames are the packets that decode to pictures, in presentation order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.video.readers.packet_index import PacketIndex


def index_of(pts: list[int], keys: list[int], hidden: list[int] | None = None) -> PacketIndex:
    places = np.arange(len(pts))
    keyed, gone = np.isin(places, keys), np.isin(places, hidden or [])
    unknown = np.full(len(pts), -1)
    return PacketIndex.of_packets(np.array(pts), places, unknown, unknown, unknown, keyed, gone)


def test_b_frames_stand_before_the_frame_they_need() -> None:
    index = index_of([0, 3, 1, 2, 6, 4, 5], keys=[0])
    assert index.frames.tolist() == [0, 2, 3, 1, 5, 6, 4]
    assert index.starts.tolist() == [0] * 7


def test_open_group_starts_at_the_key_frame_before() -> None:
    """Packet 4 is a key frame; 5 and 6 are shown before it and also need what precedes it."""
    index = index_of([0, 3, 1, 2, 6, 4, 5, 7], keys=[0, 4])
    assert index.frames.tolist() == [0, 2, 3, 1, 5, 6, 4, 7]
    assert index.starts.tolist() == [0, 0, 0, 0, 0, 0, 4, 4]


def test_hidden_packets_and_those_before_the_first_key_frame_are_no_frames() -> None:
    assert index_of([-2, -1, 0, 1], keys=[0], hidden=[0, 1]).frames.tolist() == [2, 3]
    assert index_of([0, 1, 2, 3], keys=[2]).frames.tolist() == [2, 3]
    # Stored behind the first key frame but shown before it: its past is missing.
    assert index_of([2, 0, 1, 3], keys=[0]).frames.tolist() == [0, 3]


def test_without_key_frames_there_are_no_frames() -> None:
    assert not len(index_of([0, 1, 2], keys=[]).frames)


@given(st.data())
def test_times_ascend_and_decoding_starts_at_a_key_frame_before(data: st.DataObject) -> None:
    pts = data.draw(st.lists(st.integers(-50, 500), min_size=1, max_size=40, unique=True))
    keys = sorted(data.draw(st.sets(st.integers(0, len(pts) - 1), min_size=1)))
    index = index_of(pts, keys)
    times = np.array(pts)[index.frames]
    assert (np.diff(times) > 0).all()
    assert set(index.starts.tolist()) <= set(keys)
    assert (index.frames >= index.keys[0]).all()
