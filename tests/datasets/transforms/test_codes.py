"""Codes from files: one view in training, all in tests, no needless reads, one-line errors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.datasets.seeded_dataset import UnusableSamplesError
from mmvideomae.datasets.video_list_dataset import VideoListDataset
from mmvideomae.formats.code_files import CodeFileError, code_path
from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import VideoReadError
from tests.support.code_files import VIEWS, write_codes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_codes(tmp_path / 'codes', {'a': 20, 'b/c': 3})
    return tmp_path / 'codes'


def read(folder: Path | str, name: str = 'a', seed: int = 0, clips: int = 1, **options: Any) -> Any:
    test_mode = options.get('test_mode', False)
    config = {'type': 'OpenCodes', 'folder': str(folder), 'size': 32, **VIEWS, **options}
    steps = [
        config,
        {'type': 'SampleFps', 'clip_len': 5, 'fps': 2, 'num_clips': clips, 'test_mode': test_mode},
        {'type': 'ReadCodes'},
    ]
    results = {'filename': f'videos/{name}.mp4', 'video_id': name, 'total_frames': -1}
    np.random.seed(seed)
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return results


def test_training_reads_one_view_for_all_clips(folder: Path) -> None:
    seen = set()
    for seed in range(60):
        results = read(folder, seed=seed, clips=2)
        assert results['codes'].shape == (2, 5, 4, 4) and results['codes'].dtype == np.int16
        file = np.load(folder / 'a' / f'{results["view"]}.npy')
        assert (results['codes'] == file[results['frame_inds'].reshape(2, 5)]).all()
        assert 'code_views' not in results
        seen.add(results['view'])
    assert len(seen) == 12
    assert (results['tokenizer'], results['num_clips'], results['num_crops']) == ('0123abcd', 2, 1)
    assert (results['total_frames'], results['grid_fps']) == (20, 2)


def test_tests_read_all_views_of_a_clip_one_after_another(folder: Path) -> None:
    results = read(folder, clips=2, test_mode=True, flip=False, scales=(1,))
    assert results['codes'].shape == (6, 5, 4, 4) and results['num_crops'] == 3
    for clip, start in enumerate((0, 15)):
        for number, place in enumerate(('top', 'centre', 'bottom')):
            file = np.load(folder / 'a' / f'32-{place}.npy')
            assert (results['codes'][3 * clip + number] == file[start : start + 5]).all()


def test_short_videos_are_padded(folder: Path) -> None:
    results = read(folder, 'b/c', clips=2, test_mode=True, flip=False, scales=(1,))
    assert results['pad_mask'].tolist() == [[False, False, False, True, True]] * 6
    assert (results['codes'][:, 3:] == results['codes'][:, 2:3]).all()


def test_files_of_another_rate_are_sampled_at_the_rate_of_clips(tmp_path: Path) -> None:
    write_codes(tmp_path, {'a': 100}, fps=16)
    assert np.diff(read(tmp_path)['frame_inds']).tolist() == [8] * 4
    with pytest.raises(CodeFileError, match=r'its codes have fps=16, but fps=2 is expected'):
        read(tmp_path, fps=2)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'size': 64}, r'its codes have size=32, but size=64 is expected'),
        ({'num_codes': 512}, r'num_codes=8192, but num_codes=512 is expected'),
        ({'scales': (1.5,)}, r'has no view 48-top; it has 32-top, '),
    ],
)
def test_folders_that_do_not_fit_are_refused_when_the_data_set_is_made(
    folder: Path, options: dict, message: str
) -> None:
    config = {'type': 'OpenCodes', 'folder': str(folder), 'size': 32, **VIEWS, **options}
    (folder / 'list.txt').write_text('a.avi 0\n')
    source = {'ann_file': str(folder / 'list.txt')}
    with pytest.raises(CodeFileError, match=message):
        VideoListDataset(sources=[source], pipeline=[config])
    with pytest.raises(CodeFileError, match=r'has no codes\.json'):
        VideoListDataset(sources=[source], pipeline=[{**config, 'folder': str(folder.parent)}])


def test_a_folder_is_named_by_rate_and_size(tmp_path: Path) -> None:
    write_codes(tmp_path / 'codes_fps16_40', {'a': 60}, size=40, fps=16)
    folder = str(tmp_path / 'codes_fps{fps}_{size}')
    assert read(folder, size=40, fps=16)['codes'].shape == (1, 5, 5, 5)
    with pytest.raises(CodeFileError, match=r'codes_fps2_40: has no codes\.json'):
        read(folder, size=40, fps=2)


def dataset(folder: Path, names: list[str], **options: Any) -> VideoListDataset:
    (folder / 'list.txt').write_text(''.join(f'{name} 3\n' for name in names))
    test_mode = options.get('test_mode', False)
    pipeline = {
        'open': {'type': 'OpenCodes', 'folder': str(folder), 'size': 32, 'test_mode': test_mode},
        'sample': {'type': 'SampleFps', 'clip_len': 5, 'fps': 2, 'test_mode': test_mode},
        'read': {'type': 'ReadCodes'},
        'pack': {'type': 'PackClips'},
    }
    source = {'ann_file': str(folder / 'list.txt'), 'data_prefix': '/elsewhere/videos'}
    return VideoListDataset(sources=[source], pipeline=pipeline, labelled=True, **options)


def test_videos_without_codes_are_replaced_counted_and_bounded(folder: Path) -> None:
    found = dataset(folder, ['a.avi', 'gone.avi', 'b/c.avi'])
    found.set_epoch(0, 0)
    sample = found[1]
    ((path, reason),) = sample['data_samples'].metainfo['decode_failures']
    assert path == '/elsewhere/videos/gone.avi'
    assert reason == f"no codes of 'gone', view 32-centre, in {folder}"
    assert sample['codes'].shape == (1, 5, 4, 4) and sample['pad_mask'].shape == (1, 5)
    assert sample['data_samples'].metainfo['tokenizer'] == '0123abcd'
    with pytest.raises(UnusableSamplesError, match=rf"no codes of 'gone', .*, in {folder}$"):
        dataset(folder, ['gone.avi', 'gone2.avi'])[0]


def test_a_damaged_file_costs_one_sample(folder: Path) -> None:
    path = code_path(folder, 'a', '32-centre')
    path.write_bytes(path.read_bytes()[:-100])
    sample = dataset(folder, ['a.avi', 'b/c.avi'])[0]
    ((where, reason),) = sample['data_samples'].metainfo['decode_failures']
    assert where == str(path) and 'is not an array of codes' in reason


def test_tests_count_missing_codes_as_wrong_where_asked(folder: Path) -> None:
    with pytest.raises(VideoReadError, match=r"no codes of 'gone'"):
        dataset(folder, ['gone.avi'], test_mode=True)[0]
    blank = dataset(folder, ['gone.avi'], test_mode=True, on_decode_error='count_wrong')[0]
    assert blank['data_samples'].gt_label.tolist() == [-4]
    assert (blank['codes'] == 0).all() and blank['pad_mask'].tolist() == [[False] + [True] * 4]


def test_views_of_different_lengths_are_not_used(folder: Path) -> None:
    path = code_path(folder, 'a', '32-top')
    np.save(path, np.load(path)[:-1])
    with pytest.raises(VideoReadError, match=r'different numbers of frames: \[19, 20\]'):
        read(folder, test_mode=True)


def test_parts_of_videos_have_no_codes_of_their_own(folder: Path) -> None:
    opened = TRANSFORMS.build({'type': 'OpenCodes', 'folder': str(folder), 'size': 32})
    for part in ({'start_index': 3}, {'total_frames': 5}):
        with pytest.raises(CodeFileError, match='codes are those of whole videos'):
            opened({'filename': 'a.mp4', **part})
    frames = {'filename': 'a', 'filename_tmpl': 'img_{:05}.jpg', 'total_frames': 300}
    assert opened(frames)['total_frames'] == 20


def test_only_the_frames_that_are_asked_for_are_read(folder: Path) -> None:
    """Files stay on disk until `ReadCodes`; a sample holds only its clips."""
    config = {'type': 'OpenCodes', 'folder': str(folder), 'size': 32}
    results = TRANSFORMS.build(config)({'filename': 'a.mp4'})
    assert all(isinstance(view, np.memmap) for view in results['code_views'])
    results.update(frame_inds=np.arange(4), num_clips=1)
    codes = TRANSFORMS.build({'type': 'ReadCodes'})(results)['codes']
    assert (not isinstance(codes, np.memmap) and codes.base is None) or codes.base.nbytes == 4 * 32


def test_mirrored_views_are_refused_where_classes_have_sides(folder: Path) -> None:
    (folder / 'list.txt').write_text('a.avi 0\n')
    step = {'type': 'OpenCodes', 'folder': str(folder), 'size': 32, 'flip': True}
    with pytest.raises(ValueError, match='OpenCodes with mirrored views'):
        VideoListDataset(
            sources=[{'ann_file': str(folder / 'list.txt')}], pipeline=[step], mirrorable=False
        )


def test_released_databases_are_read_alike(tmp_path: Path) -> None:
    lmdb = pytest.importorskip('lmdb')
    write_codes(tmp_path, {'Archery/v_1': 9}, fps=16, flip=False)
    for side in (32, 40):
        for place, word in (('top', 'top'), ('centre', 'center'), ('bottom', 'bottom')):
            name = f'dalle_ucf101_train_test_fps16_hflip0_{side}{word}32'
            codes = np.load(tmp_path / 'Archery' / 'v_1' / f'{side}-{place}.npy')
            with lmdb.open(str(tmp_path / name)) as env, env.begin(write=True) as transaction:
                np.savez(tmp_path / 'value.npz', tokens=codes, label=np.array(3, np.int16))
                transaction.put(b'v_1', (tmp_path / 'value.npz').read_bytes())
    named = {'dataset': 'ucf101', 'split': 'train_val', 'fps': 16}
    for seed in range(8):
        options = {'flip': False, 'seed': seed}
        ours = read(tmp_path, 'Archery/v_1', **options)
        theirs = read(tmp_path, 'Archery/v_1', type='OpenLmdbCodes', **named, **options)
        assert (ours.pop('codes') == theirs.pop('codes')).all()
        assert ours.pop('tokenizer') and 'tokenizer' not in theirs
        assert ours.keys() == theirs.keys() and ours['view'] == theirs['view']
    with pytest.raises(VideoReadError, match=r"no codes of 'Archery/v_2', view \d\d-"):
        read(tmp_path, 'Archery/v_2', type='OpenLmdbCodes', flip=False, **named)
