"""Open and read the codes of clips from videos that have been tokenized."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.formats.code_files import CodeFileError, CodeInfo, code_path, open_codes
from mmvideomae.formats.code_lmdb import CodeLmdb, find_lmdb
from mmvideomae.formats.video_folders import video_id_of
from mmvideomae.ops.diagonal_views import diagonal_views
from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import VideoReadError


class CodeSource(NamedTuple):
    """Properties that all codes of a folder share."""

    grid: tuple[int, int]
    """Rows and columns of codes in a frame."""
    fps: float
    """Frames of codes per second."""
    tokenizer: str = ''
    """Fingerprint of the tokenizer; empty if unknown."""


class _OpenViews(BaseTransform, ABC):
    """Open the codes of one view of a video, or of all views in test mode."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        size: int,
        scales: Sequence[float],
        positions: Sequence[str],
        flip: bool,
        test_mode: bool,
    ) -> None:
        self.where = os.fspath(folder)
        self.views = diagonal_views(size, scales, positions, flip)
        self.mirrors = flip  # for `refuse_flips`
        self.test_mode = test_mode
        self._source: CodeSource | None = None

    def look(self) -> CodeSource:
        """Inspect the folder once; `SeededDataset` does so when it reads its list.

        Raises:
            CodeFileError: There are no such codes.
        """
        if self._source is None:
            self._source = self._look()
        return self._source

    @abstractmethod
    def _look(self) -> CodeSource:
        """See `look`."""

    @abstractmethod
    def _codes(self, video_id: str, number: int, grid: tuple[int, int]) -> np.ndarray:
        """Codes (F, h, w) of the view with this number.

        Raises:
            FileNotFoundError: There are none.
            CodeFileError: They cannot be used.
        """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        source = self.look()
        chosen: Sequence[int] = range(len(self.views))
        if not self.test_mode:
            chosen = [int(np.random.randint(len(self.views)))]
            results['view'] = self.views[chosen[0]].name
        views = [self._open(results, number, source.grid) for number in chosen]
        if len(lengths := {len(codes) for codes in views}) > 1:
            reason = f'its views have different numbers of frames: {sorted(lengths)}'
            raise VideoReadError(results['filename'], reason)
        results.update(
            code_views=views,
            total_frames=len(views[0]),
            grid_fps=source.fps,
            num_crops=len(views),
        )
        if source.tokenizer:
            results['tokenizer'] = source.tokenizer
        return results

    def _open(self, results: dict[str, Any], number: int, grid: tuple[int, int]) -> np.ndarray:
        if results.get('undecodable', False):
            return np.zeros((1, *grid), np.int16)
        part = results.get('start_index', 0) > 0 or results.get('total_frames', -1) > 0
        if part and 'filename_tmpl' not in results:
            reason = 'its line in the list names frames of it, but codes are those of whole videos'
            raise CodeFileError(results['filename'], reason)
        video_id = results.get('video_id') or video_id_of(results['filename'])
        try:
            return self._codes(video_id, number, grid)
        except FileNotFoundError:
            view = self.views[number].name
            reason = f'no codes of {video_id!r}, view {view}, in {self.where}'
            raise VideoReadError(results['filename'], reason) from None
        except CodeFileError as error:  # a damaged file is treated like a damaged video
            raise VideoReadError(error.path, error.reason) from None

    def __repr__(self) -> str:
        names = [view.name for view in self.views]
        return f'{type(self).__name__}({self.where!r}, {names}, test_mode={self.test_mode})'


@TRANSFORMS.register_module()
class OpenCodes(_OpenViews):
    """Open the files of codes of a record; used instead of `OpenVideo`.

    The files are made by ``mmvideomae tokens``.  Training draws one of the views, like
    `DiagonalCrop` for pixels; in test mode, all are opened.  Files are not read yet.

    Required Keys:

    - filename, and video_id: the path below the folder of videos, without the suffix
    - undecodable (optional: True replaces the codes by a frame of zeros)

    Added Keys:

    - code_views: arrays of codes, int16 ``(F, h, w)``, one for each view
    - grid_fps: frames of codes per second
    - tokenizer: fingerprint of the tokenizer
    - num_crops: number of views; view: the name of the drawn one

    Modified Keys:

    - total_frames: ``F``

    Args:
        folder: A folder with ``codes.json``; ``{fps}`` and ``{size}`` in its name are replaced.
        size: Side of the views in pixels.
        scales: Short sides of frames before cropping, as multiples of ``size``.
        positions: 'top', 'centre', 'bottom'.
        flip: Whether there is a mirrored view of each.
        fps: Expected frames of codes per second; None: any.
        num_codes: Expected size of the vocabulary; None: any.
        test_mode: Open all views.

    Raises:
        CodeFileError: The folder has no ``codes.json``, its values differ, or a record is a part
            of a video.
        VideoReadError: There are no codes of the video, or they cannot be used.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        size: int,
        scales: Sequence[float] = (1.0,),
        positions: Sequence[str] = ('centre',),
        flip: bool = False,
        fps: float | None = None,
        num_codes: int | None = None,
        test_mode: bool = False,
    ) -> None:
        self._expected = {'size': size, 'fps': fps, 'num_codes': num_codes}
        rate = '' if fps is None else f'{fps:g}'
        folder = os.fspath(folder).replace('{fps}', rate).replace('{size}', str(size))
        super().__init__(folder, size, scales, positions, flip, test_mode)

    def _look(self) -> CodeSource:
        info = CodeInfo.read(self.where)
        info.check(self.where, {**self._expected, 'views': [view.name for view in self.views]})
        return CodeSource(info.grid, info.fps, info.fingerprint)

    def _codes(self, video_id: str, number: int, grid: tuple[int, int]) -> np.ndarray:
        return open_codes(code_path(self.where, video_id, self.views[number].name), grid)


@TRANSFORMS.register_module()
class OpenLmdbCodes(_OpenViews):
    """Open codes from VIMPAC's released code; used instead of `OpenVideo`.

    They are keyed by the file names of the videos, without folders; labels stored with them
    are not used.  Keys are those of `OpenCodes`, without ``tokenizer``.

    Args:
        folder: Folder of the databases, such as
            ``dalle_ucf101_train_val_fps16_hflip0_128center128``.
        dataset, split: As in these names, see `find_lmdb`.
        fps: Frames of codes per second.
        size, scales, positions, flip, test_mode: See `OpenCodes`.

    Raises:
        ImportError: The package lmdb is not installed.
        CodeFileError: A database is missing, or a record is a part of a video.
        VideoReadError: There are no codes of the video, or they cannot be used.
    """

    _FACTOR = 8  # DALL-E's tokenizer made these codes

    def __init__(
        self,
        folder: str | os.PathLike[str],
        dataset: str,
        split: str,
        fps: int,
        size: int,
        scales: Sequence[float] = (1.0,),
        positions: Sequence[str] = ('centre',),
        flip: bool = False,
        test_mode: bool = False,
    ) -> None:
        self._named = (dataset, split, fps, size)
        super().__init__(folder, size, scales, positions, flip, test_mode)

    def _look(self) -> CodeSource:
        dataset, split, fps, size = self._named
        grid = (size // self._FACTOR, size // self._FACTOR)
        folders = [find_lmdb(self.where, dataset, split, fps, size, view) for view in self.views]
        self._files = [CodeLmdb(folder, grid) for folder in folders]
        return CodeSource(grid, float(fps))

    def _codes(self, video_id: str, number: int, grid: tuple[int, int]) -> np.ndarray:
        return self._files[number].read(PurePath(video_id).name).codes


@TRANSFORMS.register_module()
class ReadCodes(BaseTransform):
    """Read only the codes of the sampled frames.

    Required Keys:

    - code_views: see `OpenCodes`
    - frame_inds: int ``(S * T,)``, clip after clip
    - num_clips: ``S``
    - pad_mask (optional): bool ``(S, T)``

    Added Keys:

    - codes: int16 ``(S * V, T, h, w)``, the views of a clip adjacent

    Modified Keys:

    - pad_mask: a row for each view

    Removed Keys:

    - code_views
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        views, frames = results.pop('code_views'), results['frame_inds']
        clips = frames.reshape(results['num_clips'], -1)
        codes = np.stack([view[clips] for view in views], axis=1)  # (S, V, T, h, w)
        results['codes'] = codes.reshape(-1, *codes.shape[2:])
        if 'pad_mask' in results:
            results['pad_mask'] = np.repeat(results['pad_mask'], len(views), axis=0)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
