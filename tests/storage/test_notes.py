"""Contract: a settings note is read back as it was written, or its file is named."""

from pathlib import Path

import pytest

from mmvideomae.storage import NoteError, read_note, write_note


def test_a_note_comes_back(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'settings.json'
    assert read_note(path) is None
    write_note(path, {'gop': 12, 'fps': None, 'name': 'Größe'})
    assert read_note(path) == {'gop': 12, 'fps': None, 'name': 'Größe'}


@pytest.mark.parametrize('text', ['', '{"gop": ', '[1]', '"text"', b'\xff'.decode('latin1')])
def test_what_is_not_a_note_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'settings.json'
    path.write_text(text, encoding='latin1')
    with pytest.raises(NoteError, match=r'settings\.json is not'):
        read_note(path)
