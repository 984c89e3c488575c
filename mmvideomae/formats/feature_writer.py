"""Write a feature file row by row, with its description."""

import os

from mmvideomae import storage
from mmvideomae.formats.array_writer import ArrayWriter
from mmvideomae.formats.feature_info import FeatureInfo


class FeatureWriter(ArrayWriter):
    """A ``.npy`` file of float32 (L, D), see `ArrayWriter`.

    A finished file always has the description with which it was written, whichever process
    finished last.

    Args:
        path: The file; its folder is created.
        rows: L.
        width: D.
        info: The description to write beside the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        rows: int,
        width: int,
        info: FeatureInfo | None = None,
    ) -> None:
        super().__init__(path, (rows, width), '<f4')
        self._info = info

    def _publish(self) -> None:
        with storage.in_turn(self.path.parent):
            if self._info is not None:
                storage.remove(self.path)  # the new description does not fit it
                self._info.write(self.path)
            super()._publish()
