"""Contract: results show themselves in notebooks, whatever names they hold, and have types."""

import base64
import io
import re
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import mmvideomae
from mmvideomae.apis import DetectedActions, FoundSegments, Prediction, Timeline, VideoClassifier
from mmvideomae.apis.predictions import ClassScore, Span
from mmvideomae.apis.reconstructor import ReconstructedClip
from mmvideomae.visualization.reconstruction import tokenized

NAME = '<b>run</b> & jump'


def pictures(html: str) -> list[tuple[int, int]]:
    """Sizes of the embedded pictures."""
    found = re.findall(r'data:image/png;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(each))).size for each in found]


def test_predictions_are_bars() -> None:
    top = (ClassScore(NAME, 0.75, 1), ClassScore('sit', 0.25, 0))
    html = Prediction('a & b.mp4', top, np.array([0.25, 0.75]))._repr_html_()
    assert '<b>run' not in html and '&lt;b&gt;run&lt;/b&gt; &amp; jump' in html
    assert 'width:120px' in html and '75.0 %' in html and 'a &amp; b.mp4' in html


def test_timelines_and_segments_are_pictures() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    timeline = Timeline('a.mp4', np.arange(2.0), np.arange(1.0, 3.0), scores, (NAME, 'sit'))
    (size,) = pictures(timeline._repr_html_())
    assert size[0] > 1000
    spans = tuple(Span(number, number + 1.0, NAME, 0.9) for number in range(12))
    html = FoundSegments('a.mp4', 'a', 20.0, spans)._repr_html_()
    assert len(pictures(html)) == 1 and html.count('<tr>') == 11
    assert 'the first 10 of 12' in html and '<b>run' not in html and '0:09.0' in html
    assert 'the first' not in FoundSegments('a.mp4', 'a', 20.0, spans[:2])._repr_html_()


def test_people_are_boxes_in_their_frame() -> None:
    boxes = np.array([[10, 20, 50, 90], [60, 10, 90, 80]], np.float32)
    found = DetectedActions(
        video='a.mp4',
        video_id='a',
        size=(100, 200),
        start_second=0.0,
        step_seconds=1.0,
        classes={1: NAME, 2: 'sit'},
        seconds=(0.0, 1.0),
        boxes=(boxes, boxes[:0]),
        box_scores=(np.ones(2, np.float32), np.ones(0, np.float32)),
        scores=(np.array([[0.9, 0.1], [0.2, 0.5]], np.float32), np.zeros((0, 2), np.float32)),
    )
    html = found._repr_html_()
    assert html.count('<svg') == 1 and html.count('<rect') == 2 and 'viewBox="0 0 200 100"' in html
    assert 'x="10.0" y="20.0" width="40.0" height="70.0"' in html
    assert 'people at 1 of 2 key frames' in html and 'sit 50 %' in html and '<b>run' not in html


def test_reconstructions_are_pictures() -> None:
    frames = np.full((4, 32, 32, 3), 90, np.uint8)
    clip = ReconstructedClip(
        frames,
        (tokenized(torch.full((4, 3, 32, 32), 0.4), 0.1),),
        np.arange(4) / 10,
        'a',
    )
    shown = np.asarray(Image.open(io.BytesIO(clip._repr_png_())))
    np.testing.assert_array_equal(shown, clip.picture())


@pytest.mark.skipif(sys.version_info < (3, 11), reason='needs typing.get_overloads')
def test_types_tell_one_from_several() -> None:
    for owner, one in ((FoundSegments, Span), (Timeline, Span)):
        returned = [
            typing.get_type_hints(each)['return']
            for each in typing.get_overloads(owner.__getitem__)
        ]
        assert returned[0] is one and len(returned) == 2
    returned = [
        typing.get_type_hints(each)['return']
        for each in typing.get_overloads(VideoClassifier.__call__)
    ]
    assert returned == [Prediction, list[Prediction]]
    assert (Path(mmvideomae.__file__).parent / 'py.typed').is_file()
