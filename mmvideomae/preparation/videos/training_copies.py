"""Copies of a video that are encoded in many ways, to be compared."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from mmvideomae.preparation.videos.encoding import PRESETS, TranscodeSettings, encode
from mmvideomae.video.readers import open_reader

# Equal to the source at the size of the copies: frames to compare with and to encode otherwise.
_LOSSLESS = TranscodeSettings(gop=1, crf=0, preset='ultrafast')
_COMPARED = 8  # one of so many frames


class Mjpeg(NamedTuple):
    """JPEG pictures; the quantizer says how good they are."""

    quantizer: int
    short_side: int = 256


def copy_settings() -> dict[str, TranscodeSettings | Mjpeg]:
    """Settings by the names under which they are reported; the presets first."""
    training = PRESETS['training']
    found: dict[str, TranscodeSettings | Mjpeg] = {
        f'--preset {name}': settings for name, settings in PRESETS.items()
    }
    plain = 'cabac=0:no-deblock=1:weightp=0:weightb=0'
    for gop in (1, 2, 4, 12):
        found[f'H.264, a key frame every {gop}'] = replace(training, gop=gop, x264=plain)
    for name, x264 in {
        'CABAC, deblocking': training.x264.replace('cabac=0:no-deblock=1:', ''),
        'CAVLC, deblocking': training.x264.replace('no-deblock=1:', ''),
        'CABAC, no deblocking': training.x264.replace('cabac=0:', ''),
    }.items():
        found[f'training, {name}'] = replace(training, x264=x264)
    for crf in (20, 23, 29):
        found[f'training, crf {crf}'] = replace(training, crf=crf)
    found['H.264, all key frames, crf 20'] = replace(training, gop=1, crf=20, x264=plain)
    found['training, short side 224'] = replace(training, short_side=224)
    for quantizer in (4, 5, 10):
        found[f'MPEG-4, quantizer {quantizer}'] = replace(PRESETS['training-fast'], crf=quantizer)
    for quantizer in (5, 8):
        found[f'MJPEG, quantizer {quantizer}'] = Mjpeg(quantizer)
    return found


class Copies:
    """One video and its copies in a folder.

    Args:
        video: The source.
        folder: Empty, for the copies.
        settings: By name.
    """

    def __init__(
        self, video: str, folder: Path, settings: Mapping[str, TranscodeSettings | Mjpeg]
    ) -> None:
        self.paths = {'the source': Path(video)}
        self._originals: dict[int, Path] = {}
        self._sides: dict[str, int] = {}
        for number, (name, each) in enumerate(settings.items()):
            self._sides[name] = each.short_side
            original = self._original(video, folder, each.short_side)
            if isinstance(each, TranscodeSettings):
                self.paths[name] = folder / f'{number}.mp4'
                encode(video, self.paths[name], each)
            else:
                self.paths[name] = _encode_mjpeg(original, folder / f'{number}.mkv', each.quantizer)

    def _original(self, video: str, folder: Path, side: int) -> Path:
        if side not in self._originals:
            self._originals[side] = folder / f'lossless {side}.mp4'
            encode(video, self._originals[side], replace(_LOSSLESS, short_side=side))
        return self._originals[side]

    def bytes_of(self, name: str) -> int:
        return self.paths[name].stat().st_size

    def error_of(self, name: str) -> float:
        """Mean squared difference of a copy from the source at its size, in grey levels."""
        if name not in self._sides:
            return 0.0
        paths = self.paths[name], self._originals[self._sides[name]]
        copy, original = (_every(path, _COMPARED) for path in paths)
        return float(np.mean((copy.astype(np.float32) - original) ** 2))


def _every(path: Path, step: int) -> np.ndarray:
    with open_reader(path) as reader:
        return reader.read(np.arange(0, len(reader), step))


def _encode_mjpeg(original: Path, path: Path, quantizer: int) -> Path:
    options = {'qmin': str(quantizer), 'qmax': str(quantizer), 'strict': '-1'}
    with av.open(str(original)) as source, av.open(str(path), 'w') as container:
        shown = source.streams.video[0]
        rate = Fraction(shown.average_rate or 25)
        stream = container.add_stream('mjpeg', rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, 'yuvj420p'
        for number, frame in enumerate(source.decode(shown)):
            new = frame.reformat(format='yuvj420p')
            new.pts, new.time_base, new.pict_type = number, 1 / rate, 0
            container.mux(stream.encode(new))
        container.mux(stream.encode())
    return path
