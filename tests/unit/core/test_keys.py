from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from unit.core.plane import ARN, ref

from lamb.core import invoke, keys
from lamb.model.errors import KMSAccessDenied, KMSNotFound

TESTS = Path(__file__).parents[2]


def test_before_the_first_variable_there_is_no_key_to_show(plane):
    assert keys.show(plane.core) == {
        "Path": str(plane.keyring),
        "Algorithm": "AES-256-GCM",
        "Version": None,
        "Versions": [],
        "Sealed": 0,
    }


def test_showing_keys_shows_no_secret(plane):
    plane.create(variables={"NAME": "value"}, publish=True)
    shown = keys.show(plane.core)
    assert (shown["Version"], shown["Versions"], shown["Sealed"]) == (1, [1], 2)
    assert plane.core.keyring.key(1) not in repr(shown).encode()


def test_rotation_seals_everything_anew_and_forgets_the_old_key(plane):
    plane.create(variables={"NAME": "f"}, publish=True)
    plane.create("g", variables={})
    plane.create("h")
    old_key = plane.core.keyring.key(1)
    shown = keys.rotate(plane.core)
    assert (shown["Version"], shown["Versions"], shown["Sealed"]) == (2, [2], 3)
    after = plane.reopened()
    assert after.latest().variables == after.get("f", "1").version.variables == {"NAME": "f"}
    assert after.latest("g").variables == {}
    assert after.latest("h").variables is None
    assert after.core.keyring.key(2) != old_key
    with pytest.raises(KMSNotFound):
        after.core.keyring.key(1)
    after.close()


def test_rotation_leaves_revisions_and_running_environments_alone(plane):
    plane.create(variables={"NAME": "value"}, publish=True)
    before = plane.latest(), plane.get("f", "1").version
    running = invoke.resolve(plane.core, ref()).primary
    plane.changed.clear()
    plane.retired.clear()
    keys.rotate(plane.core)
    assert (plane.latest(), plane.get("f", "1").version) == before
    assert invoke.resolve(plane.core, ref()).primary.generation == running.generation
    assert (plane.changed, plane.retired) == ([], [])
    # Resolved before the rotation, started after it.
    assert running.open_variables() == {"NAME": "value"}


def test_a_home_without_variables_can_be_rotated(plane):
    assert keys.rotate(plane.core)["Version"] == 1
    assert keys.rotate(plane.core)["Versions"] == [2]


def test_rotation_stops_at_what_cannot_be_opened_and_changes_nothing(plane):
    plane.create(variables={"NAME": "value"}, publish=True)
    with plane.core.database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE variables SET sealed = zeroblob(60) "
            "WHERE id = (SELECT variables_id FROM versions WHERE number = 1)"
        )
    with pytest.raises(KMSAccessDenied, match=rf"\(variables of {ARN}:1\)$"):
        keys.rotate(plane.core)
    assert keys.show(plane.core)["Versions"] == [1]
    assert plane.latest().variables == {"NAME": "value"}


def test_a_lost_key_cannot_be_rotated_away(plane):
    plane.create(variables={"NAME": "value"})
    plane.keyring.unlink()
    with pytest.raises(KMSNotFound):
        keys.rotate(plane.core)
    assert not plane.keyring.exists()


def killed_at(points: int, home: Path) -> str:
    done = subprocess.run(
        [sys.executable, TESTS / "unit" / "core" / "killed_rotation.py", home, str(points)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rotation_survives_a_kill_at_any_point(tmp_path):
    assert killed_at(25, tmp_path) == "25 kills survived\n"


@pytest.mark.soak
def test_rotation_survives_a_kill_at_a_thousand_points(tmp_path):
    assert killed_at(1000, tmp_path) == "1000 kills survived\n"
