"""Contract: addresses are told from paths, joined like paths, and never tell their secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.storage.remote import Member, is_address, join_place, without_query, without_secrets

NAMES = st.text(st.characters(codec='utf-8', exclude_characters='#'), min_size=1)


@pytest.mark.parametrize(
    ('path', 'address'),
    [
        ('s3://bucket/a.mp4', True),
        ('simplecache::s3://bucket/a.mp4', True),
        ('https://host/a.mp4?x=1', True),
        ('a:b.mp4', False),
        ('/data/a.mp4', False),
        ('data/s3://a.mp4', False),
        ('', False),
    ],
)
def test_addresses_are_told_from_paths(path, address):
    assert is_address(path) is address


@pytest.mark.parametrize(
    ('folder', 'path', 'joined'),
    [
        ('data', 'a/b.mp4', 'data/a/b.mp4'),
        ('', 'b.mp4', 'b.mp4'),
        ('s3://bucket/data/', './a/b.mp4', 's3://bucket/data/a/b.mp4'),
        ('s3://bucket', '/films/b.mp4', '/films/b.mp4'),
        ('data', 'gs://bucket/b.mp4', 'gs://bucket/b.mp4'),
        ('https://host/data?sig=1', 'b.mp4', 'https://host/data/b.mp4?sig=1'),
        ('s3://bucket', 'x.tar#1+2/a/../b.mp4', 's3://bucket/x.tar#1+2/a/../b.mp4'),
        ('https://host?sig=1', 'x.tar#1+2/b.mp4', 'https://host/x.tar?sig=1#1+2/b.mp4'),
    ],
)
def test_paths_are_joined_to_folders_and_addresses(folder, path, joined):
    assert join_place(folder, path) == joined


@given(st.sampled_from(['x.tar', '/d/x.tar', 's3://b/x.tar', 'https://h/x.tar?sig=a']), NAMES)
def test_a_member_is_read_as_it_is_written(tar, name):
    member = Member(tar, 512, 734003, name)
    assert Member.of(str(member)) == member


def test_other_files_are_no_members():
    for place in ('x.tar', 'x.tar/a.mp4', 'a#1+2/b.mp4', 'x.tar.gz#1+2/b.mp4', 'x.tar#1+2/'):
        assert Member.of(place) is None


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('s3://bucket/a@b.mp4', 's3://bucket/a@b.mp4'),
        ('ftp://me:pass@host/a.mp4', 'ftp://host/a.mp4'),
        ('ftp://me:p@ss@host/a.mp4', 'ftp://host/a.mp4'),
        ('https://host/a.mp4?X-Amz-Signature=abc', 'https://host/a.mp4?...'),
        ("see 'https://host/a?sig=1', or why?", "see 'https://host/a?...', or why?"),
        ('https://u@host/x.tar?sig=1#1+2/a.mp4 and 2?', 'https://host/x.tar?...#1+2/a.mp4 and 2?'),
        ('what?.mp4', 'what?.mp4'),
    ],
)  # fmt: skip
def test_texts_tell_neither_users_nor_queries(text, told):
    assert without_secrets(text) == told == without_secrets(told)


def test_only_addresses_have_queries():
    assert without_query('https://host/a.mp4?x=1') == 'https://host/a.mp4'
    assert without_query('what?.mp4') == 'what?.mp4'
