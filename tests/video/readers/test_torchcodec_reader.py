"""An unusable torchcodec is reported in one line; a usable one is tested with the others."""

from pathlib import Path

import pytest

from mmvideomae.video.readers import open_reader

try:
    import torchcodec.decoders  # noqa: F401
except (ImportError, RuntimeError):  # older ones raise the latter where FFmpeg is missing
    pytest.skip('needs torchcodec and FFmpeg', allow_module_level=True)


def test_missing_ffmpeg_is_told_in_one_line(
    numbered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError('Could not load libtorchcodec. Likely causes:\n' + 'a line\n' * 80)

    monkeypatch.setattr('torchcodec.decoders.VideoDecoder', fail)
    with pytest.raises(ImportError, match='install FFmpeg') as caught:
        open_reader(numbered, 'torchcodec')
    assert '\n' not in str(caught.value)


def test_reasons_name_no_source_files(tmp_path: Path, torchcodec_missing: str) -> None:
    if torchcodec_missing:
        pytest.skip(torchcodec_missing)
    (tmp_path / 'a.mp4').write_text('no video')
    with pytest.raises(RuntimeError, match='Invalid data found') as caught:
        open_reader(tmp_path / 'a.mp4', 'torchcodec')
    assert '.cpp' not in str(caught.value)
