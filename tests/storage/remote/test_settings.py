"""Contract: the environment says where the cache is, how large, and how long servers are asked."""

from pathlib import Path

import pytest

from mmvideomae.storage.remote import RemoteSettingError, RemoteSettings


def test_without_variables_there_are_defaults(monkeypatch):
    for name in ('MMVIDEOMAE_CACHE', 'MMVIDEOMAE_CACHE_SIZE', 'MMVIDEOMAE_RETRY_SECONDS'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', '/caches')
    wanted = RemoteSettings(Path('/caches/mmvideomae/remote'), 50 * 10**9, 60.0)
    assert RemoteSettings.read() == wanted


@pytest.mark.parametrize(
    ('size', 'most'),
    [('0', 0), ('1.5 TB', 15 * 10**11), ('200gb', 2 * 10**11), ('7M', 7 * 10**6), ('12', 12)],
)
def test_sizes_have_units(monkeypatch, size, most):
    monkeypatch.setenv('MMVIDEOMAE_CACHE_SIZE', size)
    assert RemoteSettings.read().most_bytes == most


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('MMVIDEOMAE_CACHE_SIZE', 'large'),
        ('MMVIDEOMAE_CACHE_SIZE', '1.2.3GB'),
        ('MMVIDEOMAE_RETRY_SECONDS', '-1'),
        ('MMVIDEOMAE_RETRY_SECONDS', 'nan'),
    ],
)
def test_other_values_are_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(RemoteSettingError, match=f'{name}={value} is not a'):
        RemoteSettings.read()
