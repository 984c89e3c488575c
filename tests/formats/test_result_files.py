"""Contract: dumps of tools/test.py are read exactly; any other pickle is refused before it runs."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.evaluator import Evaluator

from mmvideomae.formats.result_files import read_results
from tests.support.forged import ForgedArray


def dump(path: Path, scores: np.ndarray, labels: list[int], **more: Any) -> Path:
    """Let mmengine write predictions as tools/test.py --dump does."""
    evaluator = Evaluator([{'type': 'DumpResults', 'out_file_path': str(path)}])
    samples = []
    for number, (row, label) in enumerate(zip(scores, labels, strict=True)):
        info = {
            'filename': f'v/{number}.mp4', 'frame_inds': np.arange(4), 'fps': np.float64(25.0),
            'img_shape': (32, 32), 'decode_failures': [('a', 'b')], 'undecodable': True, **more,
        }  # fmt: skip
        sample = ActionDataSample(metainfo=info).set_pred_score(torch.from_numpy(row))
        samples.append(sample.set_pred_label(int(row.argmax())).set_gt_label(label))
    evaluator.process(samples, None)
    evaluator.evaluate(len(samples))
    return path


@pytest.mark.parametrize('dtype', [np.float32, np.float64, np.float16])
def test_scores_labels_and_names_come_back(tmp_path: Path, dtype: type) -> None:
    scores = np.random.default_rng(0).random((5, 3)).astype(dtype)
    found = read_results(dump(tmp_path / 'a.pkl', scores, [0, 2, 2, 1, 1], extra=torch.Size([2])))
    np.testing.assert_array_equal(found.scores, scores.astype(np.float32))
    assert found.labels.tolist() == [0, 2, 2, 1, 1]
    assert found.files == tuple(f'v/{n}.mp4' for n in range(5))


def test_an_undecodable_video_is_wrong_in_its_class(tmp_path: Path) -> None:
    scores = np.eye(3, dtype=np.float32)
    found = read_results(dump(tmp_path / 'a.pkl', scores, [0, -2, -3]))
    assert found.labels.tolist() == [0, 1, 2]
    assert (found.scores.argmax(1) == found.labels).tolist() == [True, False, False]
    unlabelled = read_results(dump(tmp_path / 'b.pkl', scores, [0, -1, 2], undecodable=False))
    assert unlabelled.labels.tolist() == [0, -1, 2]
    np.testing.assert_array_equal(unlabelled.scores, scores)


@pytest.mark.parametrize('protocol', [0, 2, 4, 5])
def test_any_protocol_and_plain_arrays(tmp_path: Path, protocol: int) -> None:
    content = [{'pred_score': np.array([0.1, 0.9]), 'gt_label': np.int64(1)}]
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(content, protocol))
    found = read_results(tmp_path / 'a.pkl')
    np.testing.assert_allclose(found.scores, [[0.1, 0.9]], rtol=1e-6)
    assert found.labels.tolist() == [1] and found.files == ()


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call, self.arguments


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
def test_nothing_but_arrays_and_tensors_is_run(tmp_path: Path) -> None:
    mark = tmp_path / 'mark'
    inner = pickle.dumps(Malicious(os.mkdir, str(mark)))
    for number, content in enumerate((
        Malicious(os.mkdir, str(mark)),
        [{'pred_score': Malicious(eval, f'__import__("os").mkdir({str(mark)!r})')}],
        [{'pred_score': Malicious(pickle.loads, inner)}],
        [{'pred_score': Malicious(torch.storage._load_from_bytes, inner)}],
        [{'pred_score': Malicious(getattr, str, 'join')}],
        [{'pred_score': ForgedArray()}],
    )):  # fmt: skip
        path = tmp_path / f'{number}.pkl'
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match=rf'{number}\.pkl is not a dump') as error:
            read_results(path)
        assert '\n' not in str(error.value)
    assert not mark.exists()


@pytest.mark.parametrize(('content', 'told'), [
    ({}, 'no list of predictions'),
    ([], 'no list of predictions'),
    ([{'gt_label': 1}], "no 'pred_score'"),
    ([{'pred_score': [0.1, 0.9]}, {'pred_score': [0.1]}], 'has no classification scores'),
    ([{'pred_score': 0.5}], 'one row per video'),
    ([{'pred_score': [0.1, 0.9], 'gt_label': [0, 1]}], 'one class, found 2'),
    ([3], 'has no classification scores'),
    ([{'pred_score': [0.1, float('nan')], 'filename': 'v.mp4'}], "'v.mp4' are not finite"),
    ([{'pred_score': [[0.1] * 2] * 2}], 'pred_score does not consist of numbers'),
    ([{'pred_score': [0.1, 0.9], 'gt_label': 1 << 70}], 'has no classification scores'),
])  # fmt: skip
def test_other_contents_are_named(tmp_path: Path, content: Any, told: str) -> None:
    (tmp_path / 'a.pkl').write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=told) as error:
        read_results(tmp_path / 'a.pkl')
    assert 'a.pkl' in str(error.value) and '\n' not in str(error.value)


@pytest.mark.parametrize('data', [b'', b'text', pickle.dumps([{'a': 1}])[:-4], b'\x80\x05K\x01'])
def test_damaged_files_are_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / 'a.pkl').write_bytes(data)
    with pytest.raises(ValueError, match=r'a\.pkl is not a dump'):
        read_results(tmp_path / 'a.pkl')


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_results(tmp_path / 'none.pkl')
