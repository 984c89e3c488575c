"""Contract: one call gives the actions of data set and model, with boxes in pixels of the video."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from mmvideomae.apis import ActionDetector, DetectedPeople, init_model
from mmvideomae.apis.key_frames import seconds_of, video_name
from mmvideomae.datasets import ActionBoxDataset
from mmvideomae.errors import NotFiniteError
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.label_maps import write_label_map
from mmvideomae.formats.proposals import write_proposals
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream
from tests.support.detectors import tiny_detector_config
from tests.support.models import tiny_recognizer
from tests.support.videos import moving_shapes, write_video

pytest.importorskip('mmdet', reason='needs the detection level')

NAMES = {1: 'stand', 2: 'run', 4: 'jump'}  # the model tells 4 apart, id 3 has no name
PIPELINE = [
    {'type': 'OpenVideo'},
    {'type': 'SampleKeyFrameClip', 'clip_len': 4, 'stride': 3},
    {'type': 'ReadFrames'},
    {'type': 'ClipResizeShortSide', 'short_side': 40},
    {'type': 'PackActionBoxes'},
]
ROWS = np.array([[0.1, 0.2, 0.5, 0.9, 0.95], [0.4, 0, 1, 1, 0.85], [0, 0, 0.3, 0.3, 0.5]])


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """map.pbtxt and clip.mp4 of 5 seconds, 64 x 48 pixels."""
    folder = tmp_path_factory.mktemp('detect')
    write_label_map(folder / 'map.pbtxt', NAMES)
    write_video(folder / 'clip.mp4', moving_shapes(50, 48, 64), fps=10)
    return folder


@pytest.fixture(scope='module')
def model(folder: Path) -> nn.Module:
    dataset = {'pipeline': PIPELINE, 'label_map': str(folder / 'map.pbtxt')}
    torch.manual_seed(0)
    cfg = Config({'model': tiny_detector_config(4), 'test_dataloader': {'dataset': dataset}})
    return init_model(cfg, device='cpu')


def test_equals_the_data_set_and_the_model(model: nn.Module, folder: Path) -> None:
    proposals = {('clip', second): ROWS.astype(np.float32) for second in (900, 902, 902.5, 904.9)}
    write_proposals(folder / 'p.pkl', proposals)
    lines = [f'clip,{second},0,0,1,1,1' for _, second in proposals]
    (folder / 'ann.csv').write_text('\n'.join(lines) + '\n')
    detector = ActionDetector(model, people=folder / 'p.pkl', step_seconds=0.5, batch_size=3)
    seen: list[tuple[int, int]] = []
    found = detector(folder / 'clip.mp4', progress=lambda *now: seen.append(now), start_second=900)

    samples = ActionBoxDataset(
        folder / 'ann.csv',
        PIPELINE,
        folder / 'map.pbtxt',
        {'folder': str(folder), 'start_second': 900},
        num_classes=4,
        proposal_file=folder / 'p.pkl',
        min_box_score=0.8,
        test_mode=True,
    )
    assert found.seconds == (900, 902, 902.5, 904.9) and seen == [(3, 4), (4, 4)]
    for frame, sample in zip(found, samples, strict=True):
        with torch.no_grad():
            (by_hand,) = model.test_step(pseudo_collate([sample]))
        expected = by_hand.pred_instances
        np.testing.assert_allclose(frame.scores, expected.scores, atol=1e-5)
        shares = frame.boxes / [64, 48, 64, 48]
        np.testing.assert_allclose(shares, expected.bboxes, atol=1e-5)
        np.testing.assert_allclose(frame.box_scores, [0.95, 0.85], atol=1e-6)
    assert (found.video_id, found.size) == ('clip', (48, 64))


def test_actions_are_named_scored_and_chosen(model: nn.Module, folder: Path) -> None:
    found = ActionDetector(model, people='whole_frame', min_score=0.0)(folder / 'clip.mp4')
    assert found.seconds == (0, 1, 2, 3, 4)
    for frame in found:
        np.testing.assert_array_equal(frame.boxes, [[0, 0, 64, 48]])
        (actions,) = frame.actions
        assert {one.label for one in actions} == set(NAMES.values())
        assert [one.score for one in actions] == sorted((o.score for o in actions), reverse=True)
        for one in actions:
            assert NAMES[one.class_id] == one.label
            assert one.score == frame.scores[0, one.class_id - 1]
    best = found[0].actions[0][0]
    few = found.at_least(best.score, top_k=1)
    assert few[0].actions == ((best,),) and all(len(f.actions[0]) <= 1 for f in few)
    told = few.to_dict()
    assert (told['width'], told['height'], told['video_id']) == (64, 48, 'clip')
    assert told['key_frames'][0] == {
        'second': 0.0,
        'people': [
            {
                'box': [0, 0, 64, 48],
                'box_score': 1.0,
                'actions': [{**best._asdict(), 'score': round(best.score, 6)}],
            }
        ],
    }


def test_boxes_come_in_many_ways(model: nn.Module, folder: Path) -> None:
    """As a file, by second, by (video, second), as people that were detected; and thinned out."""
    rows = ROWS[:2]
    plain = {0.0: rows, 2.0: rows[:1]}
    detector = ActionDetector(model)
    video = folder / 'clip.mp4'
    expected = detector(video, plain)
    pairs = {('clip', second): each for second, each in plain.items()}
    write_proposals(folder / 'q.pkl', pairs)
    for boxes in (
        pairs,
        {**pairs, ('other', 1.0): rows},
        folder / 'q.pkl',
        DetectedPeople('x', plain),
    ):
        found = detector(video, boxes)
        assert found.seconds == (0, 2)
        for mine, theirs in zip(found.scores, expected.scores, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    for name in ('clip.MP4', 'sub/clip.avi', 'sub/clip'):
        below = {(name, 2.0): rows, ('sub/clip2', 0.0): rows}
        assert detector(video, below).seconds == (2,)
    with pytest.raises(ValueError, match="no boxes of the video 'clip', only of a/clip, sub/clip"):
        detector(video, {**below, ('a/clip', 0.0): rows})
    many = {n / 2: rows for n in range(8)}
    assert detector(video, many).seconds == (0, 1, 2, 3)
    assert detector(video, {2: rows[:, :4]})[0].box_scores.tolist() == [1, 1]


def test_a_detector_of_people_looks_at_the_key_frames(
    model: nn.Module, folder: Path, tmp_path: Path
) -> None:
    from mmvideomae.apis.person_boxes import PersonDetector
    from tests.support.person_detector import write_person_detector

    config, weights = write_person_detector(tmp_path)
    found = ActionDetector(
        model, people=config, people_checkpoint=weights, min_box_score=0.6, step_seconds=2,
    )(folder / 'clip.mp4')  # fmt: skip
    people = PersonDetector(config, weights, 'cpu', min_score=0.6)
    stream = FileStream(folder / 'clip.mp4')
    with stream:
        pictures = dict(stream.in_order([0, 20, 40]))
    assert found.seconds == (0, 2, 4) and sum(map(len, found.boxes)) > 0
    for frame, picture in zip(found, pictures.values(), strict=True):
        (rows,) = people([picture])
        np.testing.assert_allclose(frame.boxes, rows[:, :4] * [64, 48, 64, 48], atol=1e-3)
        assert frame.scores.shape == (len(rows), 4)


def test_key_frames_without_people(model: nn.Module, folder: Path) -> None:
    none = np.zeros((0, 5))
    found = ActionDetector(model)(folder / 'clip.mp4', {1: none, 2: ROWS[2:], 3: ROWS})
    assert [len(frame.boxes) for frame in found] == [0, 0, 2]
    assert [frame.scores.shape for frame in found] == [(0, 4), (0, 4), (2, 4)]
    assert found[0].actions == () and found.to_dict()['key_frames'][1]['people'] == []


def test_each_frame_is_decoded_once_and_in_order(
    model: nn.Module, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    in_order = FileStream.in_order

    def noted(self: FileStream, wanted: Any) -> Any:
        for number, picture in in_order(self, wanted):
            asked.append(number)
            yield number, picture

    monkeypatch.setattr(FileStream, 'in_order', noted)
    ActionDetector(model, people='whole_frame', step_seconds=0.2)(folder / 'clip.mp4')
    assert asked == sorted(set(asked)) and len(asked) > 40


def test_key_frames_are_multiples_of_the_step(folder: Path) -> None:
    stream = FileStream(folder / 'clip.mp4')  # the last frame is shown at 4.9 seconds
    with stream:
        assert seconds_of(stream, 1) == [0, 1, 2, 3, 4]
        assert seconds_of(stream, 0.7) == [0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.2, 4.9]
        assert seconds_of(stream, 2, 900.5) == [902, 904]
        assert seconds_of(stream, 60, 0.25) == [0.25]
    assert video_name(folder / 'a.b.mp4') == 'a.b' and video_name(folder) == folder.name


@pytest.mark.parametrize(('boxes', 'error', 'told'), [
    (None, ValueError, 'it is not known where people are'),
    ({('other', 1): ROWS}, ValueError, "no boxes of the video 'clip', only of other"),
    ({}, ValueError, 'only of none at all'),
    ({1: [[0.5, 0, 0.2, 1, 0.9]]}, AnnotationError, "boxes of 'clip' at second 1: .* is swapped"),
    ({1: [[10, 0, 200, 100, 0.9]]}, AnnotationError, 'outside'),
    ({1: [[0, 1]]}, AnnotationError, r'not an array \(n, 5\)'),
    ({7: ROWS}, AnnotationError, "'clip': timestamp 7 lies outside it"),
    ('none.pkl', AnnotationError, 'cannot read the boxes none.pkl'),
])  # fmt: skip
def test_wrong_boxes_are_refused(
    model: nn.Module, folder: Path, boxes: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told) as caught:
        ActionDetector(model)(folder / 'clip.mp4', boxes)
    assert '\n' not in str(caught.value)


def test_wrong_models_and_settings_are_refused(model: nn.Module, folder: Path) -> None:
    with pytest.raises(ValueError, match='Recognizer3D is not an action detector'):
        ActionDetector(Config({'model': tiny_recognizer()}), device='cpu')
    for step in (0, float('nan'), float('inf')):
        with pytest.raises(ValueError, match='step_seconds must be positive'):
            ActionDetector(model, step_seconds=step)
    with pytest.raises(ValueError, match='start_second must be a number of seconds, got nan'):
        ActionDetector(model, people='whole_frame')(folder / 'clip.mp4', start_second=float('nan'))
    with pytest.raises(ValueError, match='lists 2 classes, but the model has 4'):
        ActionDetector(model, classes=['a', 'b'])
    with pytest.raises(ValueError, match='people_checkpoint needs people to be the config'):
        ActionDetector(model, people='whole_frame', people_checkpoint='x.pth')
    with pytest.raises(VideoReadError, match='no such file'):
        ActionDetector(model, people='whole_frame')(folder / 'none.mp4')
    pipeline = Config({'model': tiny_detector_config(4)})
    with pytest.raises(ValueError, match='give the config of an action detector'):
        ActionDetector(pipeline, device='cpu', classes=list('abcd'))


def test_scores_that_are_not_finite_are_refused(model: nn.Module, folder: Path) -> None:
    broken = copy.deepcopy(model)
    broken.roi_head.bbox_head.fc_cls.bias.data[0] = float('nan')
    video = folder / 'clip.mp4'
    with pytest.raises(NotFiniteError, match=rf'scores of second .* of video {video.stem!r}'):
        ActionDetector(broken, people='whole_frame')(video)
