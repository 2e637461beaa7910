from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lamb.client import start
from lamb.client.session import Session
from lamb.model.errors import HomeUnusable, ServiceFailure

HERE = str(Path(__file__).parent)

Open = Callable[..., Session]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def session(home: Path) -> Iterator[Open]:
    """Makes sessions that start little_daemon; whatever daemon is left is killed, by its lock's holder."""
    made = []

    def open_session(**environ: str) -> Session:
        given = {"PATH": os.environ["PATH"], "PYTHONPATH": HERE, **environ}
        made.append(Session(home, given, "little_daemon"))
        return made[-1]

    yield open_session
    for one in made:
        one.close()
    for pid in starts(home):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def starts(home: Path) -> list[int]:
    try:
        return [int(line) for line in (home / "starts").read_text().split()]
    except FileNotFoundError:
        return []


def test_the_first_request_starts_a_daemon_and_the_second_finds_it(home: Path, session: Open) -> None:
    first = session().json("GET", "/_lamb/health")
    second = session().json("GET", "/_lamb/health")
    assert first["pid"] == second["pid"]
    assert starts(home) == [first["pid"]]


def test_a_daemon_has_its_own_session_and_starts_in_the_root_directory(session: Open) -> None:
    health = session().json("GET", "/")
    assert health["session"] == health["pid"]
    assert health["cwd"] == "/"


def test_a_lock_of_the_caller_does_not_live_on_in_the_daemon(session: Open, tmp_path: Path) -> None:
    path = tmp_path / "lock of a shell script"
    with path.open("w") as lock:
        os.set_inheritable(lock.fileno(), True)  # noqa: FBT003 - takes no keyword
        fcntl.flock(lock, fcntl.LOCK_EX)
        session().json("GET", "/")
    with path.open() as again:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_daemon_is_not_given_credentials_of_the_caller(session: Open) -> None:
    environ = session(AWS_SECRET_ACCESS_KEY="s3cret", SSH_AUTH_SOCK="/x", LAMB_REGION="eu-west-1").json(
        "GET", "/"
    )
    environ = environ["environ"]
    assert environ["LAMB_REGION"] == "eu-west-1"
    assert "AWS_SECRET_ACCESS_KEY" not in environ
    assert "SSH_AUTH_SOCK" not in environ


def test_credentials_go_along_with_an_endpoint_to_use_them_at(session: Open) -> None:
    endpoint = {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:9"}
    environ = session(AWS_SECRET_ACCESS_KEY="s3cret", SSH_AUTH_SOCK="/x", **endpoint).json("GET", "/")[
        "environ"
    ]
    assert (environ["AWS_SECRET_ACCESS_KEY"], environ["AWS_ENDPOINT_URL_SQS"]) == (
        "s3cret",
        "http://127.0.0.1:9",
    )
    assert "SSH_AUTH_SOCK" not in environ


def test_a_home_with_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 40) / "home"
    one = Session(home, {"PATH": os.environ["PATH"], "PYTHONPATH": HERE}, "little_daemon")
    health = one.json("GET", "/_lamb/health")
    again = Session(home, {}, "little_daemon")
    running = again.running()
    one.close()
    os.kill(health["pid"], signal.SIGKILL)
    assert running is not None
    assert running["pid"] == health["pid"]


def test_the_home_is_closed_to_other_users(home: Path, session: Open) -> None:
    session().json("GET", "/_lamb/health")
    assert (home / "run").stat().st_mode & 0o777 == 0o700
    assert (home / "run" / start.LOG).stat().st_mode & 0o777 == 0o600


def test_a_socket_that_a_dead_daemon_left_is_replaced(home: Path, session: Open) -> None:
    pid = session().json("GET", "/")["pid"]
    os.kill(pid, signal.SIGKILL)
    start.wait_until_ended(home)
    assert (home / "run" / start.SOCKET).exists()
    assert session().json("GET", "/")["pid"] != pid


def test_a_read_is_repeated_when_the_daemon_ended_in_between(home: Path, session: Open) -> None:
    one = session()
    pid = one.json("GET", "/")["pid"]
    os.kill(pid, signal.SIGKILL)
    start.wait_until_ended(home)
    assert one.json("GET", "/")["pid"] != pid


def test_a_write_is_never_repeated_when_the_daemon_vanished(home: Path, session: Open) -> None:
    one = session()
    os.kill(one.json("GET", "/")["pid"], signal.SIGKILL)
    start.wait_until_ended(home)
    with pytest.raises(ServiceFailure, match="may have been carried out"):
        one.request("POST", "/")
    assert len(starts(home)) == 1


def test_a_daemon_that_dies_while_starting_is_reported_with_what_it_wrote(session: Open) -> None:
    with pytest.raises(HomeUnusable, match="the database is from the future"):
        session(LAMB_LITTLE="broken").json("GET", "/")


def test_only_what_the_last_start_wrote_is_reported(home: Path, session: Open) -> None:
    (home / "run").mkdir(parents=True)
    (home / "run" / start.LOG).write_text("an old story\n")
    with pytest.raises(HomeUnusable) as caught:
        session(LAMB_LITTLE="broken").json("GET", "/")
    assert "an old story" not in caught.value.message


def test_many_commands_at_once_start_exactly_one_daemon(home: Path, session: Open) -> None:
    session()  # for its clean-up
    command = (
        "import sys; from pathlib import Path; from lamb.client.session import Session; "
        "sys.stdin.read(); "
        "session = Session(Path(sys.argv[1]), {'PYTHONPATH': sys.argv[2]}, 'little_daemon'); "
        "print(session.json('GET', '/')['pid'])"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", command, str(home), HERE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for racer in racers:  # all have imported and wait: now they go
        assert racer.stdin is not None
        racer.stdin.close()
        racer.stdin = None
    told = {racer.communicate()[0] for racer in racers}
    assert len(told) == 1
    assert len(starts(home)) == 1


def test_an_older_daemon_is_stopped_and_replaced(home: Path, session: Open) -> None:
    health = session(LAMB_LITTLE="old").json("GET", "/")
    assert health["version"] == "99.0"
    assert len(starts(home)) == 2
    assert health["pid"] == starts(home)[1]


def test_stop_waits_until_the_daemon_has_ended(home: Path, session: Open) -> None:
    one = session()
    pid = one.json("GET", "/")["pid"]
    assert one.stop()
    with (home / "run" / start.DAEMON_LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not one.stop()
    assert starts(home) == [pid]


def test_asking_whether_a_daemon_runs_starts_none(home: Path, session: Open) -> None:
    assert session().running() is None
    assert not session().stop()
    assert not home.exists()


def test_a_home_below_a_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeUnusable, match="file"):
        Session(tmp_path / "file" / "home", {}).json("GET", "/")


def test_a_lock_that_is_never_given_back_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_LOCK_WAIT_S", 0.05)
    (home / "run").mkdir(parents=True)
    with (home / "run" / start.DAEMON_LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(HomeUnusable, match="does not answer"):
            start.claim_home(home)


def test_a_claim_is_the_bound_socket_and_the_lock(home: Path) -> None:
    claim = start.claim_home(home)
    try:
        connected = start.connect(home)
        assert connected is not None
        accepted, _ = claim.listener.accept()
        accepted.close()
        connected.close()
        assert claim.listener.family == socket.AF_UNIX
    finally:
        claim.listener.close()
        os.close(claim.lock)
