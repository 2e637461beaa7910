from __future__ import annotations

import os

import pytest
from unit.core.plane import PLACE, key, ref

from lamb.core import functions, invoke, live, updates, versions
from lamb.model.errors import InvalidParameterValue, InvalidZipFile
from lamb.model.function import DEFAULT_ROLE
from lamb.model.requests import Changes, CodeUpdate, Creation
from lamb.packages.build import build

CODE = "def handler(event, context): return {}\n"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "src"
    place.mkdir()
    (place / "app.py").write_text(CODE.format(1))
    return place


@pytest.fixture
def following(plane, folder):
    """The plane, with a function `f` that follows the folder."""
    path = live.directory(str(folder))
    changes = Changes(runtime="python3.11", handler="app.handler", role=DEFAULT_ROLE)
    creation = Creation("f", live.package(path), changes, live=path)
    functions.create(plane.core, PLACE, creation)
    plane.settle()
    live.refresh(plane.core, key())
    plane.changed.clear()
    plane.retired.clear()
    return plane


def code(plane, qualifier=None):
    return functions.code(plane.core, ref(qualifier=qualifier))


def test_a_live_function_has_the_package_of_its_directory(following, folder):
    assert code(following) == build(folder)
    assert following.latest().configuration.live == str(folder)
    assert invoke.resolve(following.core, ref()).live


def test_nothing_happens_while_nothing_changes(following, folder):
    before = following.latest()
    assert live.refresh(following.core, key()) is False
    os.utime(folder / "app.py", (1, 1))
    assert live.refresh(following.core, key()) is False
    assert following.latest() == before
    assert following.changed == following.retired == []


@pytest.mark.parametrize("change", ["edit", "add", "remove", "rename"])
def test_a_change_is_new_code_at_once(following, folder, change):
    before = following.latest()
    (folder / "gone.py").touch()
    live.refresh(following.core, key())
    if change == "edit":
        (folder / "app.py").write_text(CODE.format(2))
    elif change == "add":
        (folder / "deep" / "er").mkdir(parents=True)
        (folder / "deep" / "er" / "new.py").touch()
    elif change == "remove":
        (folder / "gone.py").unlink()
    else:
        (folder / "gone.py").rename(folder / "gone2.py")
    following.retired.clear()
    assert live.refresh(following.core, key()) is True
    after = following.latest()
    assert code(following) == build(folder)
    assert (after.status.state, after.status.last_update) == ("Active", "Successful")
    assert after.revision_id != before.revision_id
    assert following.retired == [(key(), "$LATEST")]
    assert (invoke.resolve(following.core, ref()).primary.code / "app.py").is_file()


def test_the_next_daemon_looks_again(following, folder):
    (folder / "app.py").write_text(CODE.format(2))
    reopened = following.reopened()
    assert live.refresh(reopened.core, key()) is True
    assert code(reopened) == build(folder)
    reopened.close()


def test_a_version_is_what_is_there_when_it_is_published(following, folder):
    (folder / "app.py").write_text(CODE.format(2))
    published = following.publish()
    assert published.configuration.live is None
    wanted = build(folder)
    (folder / "app.py").write_text(CODE.format(3))
    live.refresh(following.core, key())
    assert code(following, "1") == wanted != code(following)
    assert not invoke.resolve(following.core, ref(qualifier="1")).live
    assert following.publish().number == 2
    assert following.publish().number == 2


def test_uploading_code_ends_it(following, folder):
    following.update("x = 1\n")
    assert following.latest().configuration.live is None
    (folder / "app.py").write_text(CODE.format(2))
    assert live.refresh(following.core, key()) is False


def test_code_can_become_live_and_configuration_leaves_it_so(plane, folder):
    plane.create()
    update = CodeUpdate(live.package(str(folder)), live=str(folder))
    updates.update_code(plane.core, ref(), update)
    plane.settle()
    plane.configure(timeout_s=9)
    (folder / "app.py").write_text(CODE.format(2))
    assert live.refresh(plane.core, key()) is True
    assert plane.latest().configuration.timeout_s == 9


def test_while_an_update_settles_nobody_looks(following, folder):
    updates.configure(following.core, ref(), Changes(timeout_s=9))
    (folder / "app.py").write_text(CODE.format(2))
    assert live.refresh(following.core, key()) is False
    following.settle()
    assert live.refresh(following.core, key()) is True


def test_a_directory_that_is_gone_or_empty_is_said_by_its_name(following, folder):
    (folder / "app.py").unlink()
    with pytest.raises(InvalidZipFile, match=f"The code of f is live: {folder} holds no file to pack"):
        live.refresh(following.core, key())
    folder.rmdir()
    with pytest.raises(InvalidZipFile, match=f"The live directory {folder} cannot be read"):
        live.refresh(following.core, key())
    with pytest.raises(InvalidZipFile):
        versions.publish(following.core, ref())
    functions.delete(following.core, ref())
    assert live.refresh(following.core, key()) is False


@pytest.mark.parametrize("path", ["src", "", "/nowhere/at/all", "/etc/passwd", "/a\0b"])
def test_only_a_directory_by_its_whole_path_is_live(path):
    with pytest.raises(InvalidParameterValue):
        live.directory(path)


def test_what_is_left_out_of_packages_changes_nothing(following, folder):
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "app.pyc").touch()
    before = following.latest()
    assert live.refresh(following.core, key()) is False
    assert following.latest() == before


def test_no_link_of_the_directory_leads_out_of_it(following, folder, tmp_path):
    (tmp_path / "secret").write_text("s")
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidZipFile, match="is a link to"):
        live.refresh(following.core, key())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can read what functions cannot")
@pytest.mark.parametrize("what", ["file", "directory"])
def test_root_shows_a_function_no_file_that_its_user_could_not_read(following, folder, what):
    if what == "file":
        (folder / "key.pem").write_text("secret")
        (folder / "key.pem").chmod(0o600)
    else:
        (folder / "keys").mkdir(mode=0o700)
    with pytest.raises(InvalidZipFile, match="Permission denied") as raised:
        live.refresh(following.core, key())
    assert "chmod -R o+rX" in raised.value.hint
    assert str(folder) in raised.value.message
    # The rights were given up in one thread alone.
    assert (os.geteuid(), os.getgroups()) == (0, os.getgroups())
    if what == "file":
        assert (folder / "key.pem").read_text() == "secret"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can read what functions cannot")
def test_what_lies_above_a_live_directory_is_its_owners_business(following, folder):
    folder.parent.chmod(0o700)
    (folder / "app.py").write_text(CODE.format(2))
    assert live.refresh(following.core, key()) is True
