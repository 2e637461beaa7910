from __future__ import annotations

import os
import stat

import pytest

from lamb.model.errors import HomeUnusable, KMSNotFound
from lamb.secrets.keyring import KEY_BYTES, Keyring


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "keyring"


@pytest.fixture
def keyring(path):
    return Keyring(path)


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_without_secrets_has_no_key_file(keyring, path):
    assert keyring.versions() == []
    assert not path.exists()


def test_the_key_file_and_its_directory_are_for_their_owner_only(keyring, path):
    before = os.umask(0)
    try:
        keyring.add()
    finally:
        os.umask(before)
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_keys_are_random_and_of_full_length(keyring):
    first, second = keyring.key(keyring.add()), keyring.key(keyring.add())
    assert first != second
    assert len(first) == len(second) == KEY_BYTES == 32


def test_the_next_process_finds_the_same_keys(keyring, path):
    version = keyring.add()
    assert Keyring(path).key(version) == keyring.key(version)
    assert Keyring(path).versions() == [version]


def test_versions_count_upwards_even_after_old_ones_are_forgotten(keyring, path):
    assert [keyring.add(), keyring.add()] == [1, 2]
    keyring.forget_before(2)
    assert keyring.add() == 3
    assert Keyring(path).versions() == [2, 3]


def test_a_forgotten_key_leaves_the_file_but_serves_this_process_to_its_end(keyring, path):
    old = keyring.key(keyring.add())
    keyring.forget_before(keyring.add())
    assert keyring.key(1) == old
    with pytest.raises(KMSNotFound):
        Keyring(path).key(1)


def test_a_missing_file_is_named_with_the_way_back(keyring, path):
    with pytest.raises(KMSNotFound) as refused:
        keyring.key(1)
    assert str(path) in refused.value.message
    assert "backup" in refused.value.hint


def test_losing_the_file_shows_at_once_and_so_does_restoring_it(keyring, path):
    key = keyring.key(keyring.add())
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(KMSNotFound, match="is missing"):
        keyring.key(1)
    path.write_bytes(kept)
    path.chmod(0o600)
    assert keyring.key(1) == key


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_key_file_that_others_can_reach_is_refused_with_the_fix(keyring, path, bits):
    keyring.add()
    path.chmod(bits)
    with pytest.raises(
        HomeUnusable, match=f"{path} can be reached by others: its mode is {bits:04o}"
    ) as refused:
        keyring.versions()
    assert refused.value.hint == f"`chmod 600 {path}`"


def test_a_directory_that_others_can_reach_is_refused_with_the_fix(keyring, path):
    keyring.add()
    path.parent.chmod(0o755)
    with pytest.raises(HomeUnusable, match="can be reached by others") as refused:
        Keyring(path).versions()
    assert refused.value.hint == f"`chmod 700 {path.parent}`"


def test_no_key_is_made_in_a_directory_that_others_can_reach(keyring, path):
    path.parent.mkdir(mode=0o755)
    with pytest.raises(HomeUnusable, match="can be reached by others"):
        keyring.add()
    assert list(path.parent.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_file_of_another_user_is_refused_with_both_names(keyring, path):
    keyring.add()
    os.chown(path, 12345, 12345)
    with pytest.raises(HomeUnusable, match="belongs to user 12345, but lamb runs as user 0") as refused:
        keyring.versions()
    assert "chown 0" in refused.value.hint


def test_a_link_in_place_of_the_file_is_refused(keyring, path, tmp_path):
    keyring.add()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HomeUnusable, match="cannot be read"):
        keyring.versions()


def test_a_directory_in_place_of_the_file_is_refused(keyring, path):
    path.mkdir(parents=True, mode=0o700)
    path.parent.chmod(0o700)
    with pytest.raises(HomeUnusable):
        keyring.versions()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        b'{"1": 7}',
        b'{"x": "AAAA"}',
        b'{"1": "AAAA"}',
        b'{"1": "!"}',
    ],
)
def test_a_damaged_file_is_never_taken_for_a_keyring(path, content):
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(HomeUnusable, match="is damaged") as refused:
        Keyring(path).add()
    assert "backup" in refused.value.hint
    assert path.read_bytes() == content


def test_what_a_kill_left_behind_while_writing_is_in_nobody_s_way(keyring, path):
    keyring.add()
    (path.parent / "keyring.new").write_bytes(b"half")
    assert keyring.add() == 2
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["keyring"]


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "keys" / "keyring"
    with pytest.raises(HomeUnusable, match="cannot be"):
        Keyring(path).add()
