"""Files elsewhere: at addresses that fsspec reaches, and inside tar files."""

from mmvideomae.storage.remote.addresses import (
    Member,
    is_address,
    join_place,
    without_query,
    without_secrets,
)
from mmvideomae.storage.remote.cache import ByteCache
from mmvideomae.storage.remote.fetching import Head, fetch_ahead
from mmvideomae.storage.remote.files import (
    files_below,
    head_of,
    is_elsewhere,
    is_there,
    local_copy,
    open_bytes,
    read_fresh,
)
from mmvideomae.storage.remote.reaching import AddressError, UnreachableError, ask, reach
from mmvideomae.storage.remote.settings import RemoteSettingError, RemoteSettings

__all__ = [
    'AddressError',
    'ByteCache',
    'Head',
    'Member',
    'RemoteSettingError',
    'RemoteSettings',
    'UnreachableError',
    'ask',
    'fetch_ahead',
    'files_below',
    'head_of',
    'is_address',
    'is_elsewhere',
    'is_there',
    'join_place',
    'local_copy',
    'open_bytes',
    'reach',
    'read_fresh',
    'without_query',
    'without_secrets',
]
