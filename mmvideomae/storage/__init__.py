"""Atomic writing, folders with one writer, safe unpickling, and notes of settings."""

from mmvideomae.storage.locks import LockedError, in_turn, locked, require_free
from mmvideomae.storage.modules import ModuleCallError, read_module
from mmvideomae.storage.notes import NoteError, read_note, write_note
from mmvideomae.storage.pickles import ARRAYS, PickleError, read_pickle
from mmvideomae.storage.writing import (
    OutsideError,
    check_writable,
    inside,
    process_name,
    publish,
    read_text,
    remove,
    remove_leftovers,
    replacing,
    taken_back,
    temporary_path,
    write_text,
)

__all__ = [
    'ARRAYS',
    'LockedError',
    'ModuleCallError',
    'NoteError',
    'OutsideError',
    'PickleError',
    'check_writable',
    'in_turn',
    'inside',
    'locked',
    'process_name',
    'publish',
    'read_module',
    'read_note',
    'read_pickle',
    'read_text',
    'remove',
    'remove_leftovers',
    'replacing',
    'require_free',
    'taken_back',
    'temporary_path',
    'write_note',
    'write_text',
]
