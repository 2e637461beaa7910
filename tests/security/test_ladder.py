"""Hosts that refuse walls: lamb says which, runs behind the others, and leaves nothing behind."""

from __future__ import annotations

import mmap
import os
import platform
import resource
import secrets
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path

import harness
import pytest
from harness import UNMAPPED, User
from security.calls import CALLS, number_of
from security.prison import SECRET, Prison, descendants, go_wild, named
from security.prisoner import in_memory, outcome, syscall

REFUSING_HOST = Path(__file__).with_name("refusing_host.py")
NAMESPACES = ["user", "mount", "pid", "ipc"]
HOSTS = [("root", "container"), ("unprivileged", "container"), ("unprivileged", "exhausted")]
LANDLOCK_SCOPES = tuple(map(int, platform.release().split(".")[:2])) >= (6, 12)


def on(host, workshop):
    """A user whose `lamb` runs on such a host, with an interpreter that everybody can reach."""
    name, kind = host
    ours = os.getuid()
    if name == "root" and ours != 0:
        pytest.skip("we are not root")
    uid = 0 if name == "root" else ours or UNMAPPED
    place, real = workshop.place(), workshop.unprivileged()
    place.chmod(0o755)
    launcher = place / "refusing_host.py"
    launcher.write_text(REFUSING_HOST.read_text())
    commands = {"lamb": [real.python, launcher, kind, real.bin / "lamb"], "python": [real.python]}
    for command, words in commands.items():
        script = place / command
        script.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
        script.chmod(0o755)
    return User(name, uid, uid, place, real.path)


def home_on(host, workshop, **environment):
    lamb = harness.Lamb(on(host, workshop), workshop.place(), environment)
    # Without a mount namespace, root's functions pass through here as another user.
    (lamb.base / "user").chmod(0o711)
    return lamb


@pytest.fixture(scope="module", params=HOSTS, ids="-".join)
def host(request):
    return request.param


@pytest.fixture(scope="module")
def home(host, workshop):
    made = home_on(host, workshop)
    yield made
    made.close()


@pytest.fixture(scope="module")
def prison(home):
    neighbour = Prison(home, "neighbour", "-E", f"SECRET={''.join(SECRET)}")
    neighbour.does(hello)
    return Prison(home, "prisoner")


@pytest.fixture
def name():
    return f"wild-{secrets.token_hex(4)}"


def hello():
    return "hello"


def missing_on(host):
    """A container's root may still have cgroups."""
    return NAMESPACES if host[0] == "root" and _counts() else [*NAMESPACES, "cgroup"]


def _counts():
    return any(os.access(f"/sys/fs/cgroup/{part}cgroup.procs", os.W_OK) for part in ("", "memory/"))


def all_gone(pids):
    deadline = time.monotonic() + 2
    return [pid for pid in pids if not harness.wait_gone(pid, deadline - time.monotonic())] == []


def test_the_doctor_names_each_missing_wall_and_a_fix(home, host):
    walls = {wall["name"]: wall for wall in home.json("doctor")["walls"]}
    assert [name for name, wall in walls.items() if not wall["stands"]] == missing_on(host)
    assert all(walls[name]["reason"] and walls[name]["fix"] for name in missing_on(host))


def test_a_function_runs_and_every_receipt_says_behind_how_many_walls(prison, host):
    envelope = prison.tries(hello)
    standing = f"{9 - len(missing_on(host))}/9"
    assert (envelope["Payload"], envelope["Walls"]) == ("hello", standing)
    assert envelope["MissingWalls"] == missing_on(host)
    receipt = prison.lamb.run("invoke", prison.name, "-v", "-e", prison.event(hello)).stderr
    assert f"walls {standing}" in receipt


def test_lamb_refuses_to_run_with_less_than_all_walls_where_they_are_required(host, workshop):
    lamb = home_on(host, workshop, LAMB_SANDBOX="require")
    try:
        file = lamb.write("app.py", "def handler(event, context): pass\n")
        lamb.run("create", "app", "--file", str(file), "--runtime", lamb.runtime)
        done = lamb.run("invoke", "app", check=False)
        assert done.returncode == 1
        assert f"this host refuses: {', '.join(missing_on(host))}" in done.stderr
        assert "`lamb doctor`" in done.stderr
    finally:
        lamb.close()


def test_a_function_that_asks_for_no_network_is_refused_and_not_given_the_hosts(home, prison):
    alone = Prison(home, "alone", "--network", "none")
    done = home.run("invoke", "alone", "-e", alone.event(hello), check=False)
    assert done.returncode == 1
    assert "network" in done.stderr


def test_a_function_has_no_capability_and_is_not_root(prison):
    def attack():
        lines = Path("/proc/self/status").read_text().splitlines()
        status = {line.split(":")[0]: line.split(":")[1].split() for line in lines}
        return (
            status["Uid"],
            [status[f"Cap{kind}"][0] for kind in ("Prm", "Eff", "Bnd")],
            status["NoNewPrivs"],
        )

    users, (permitted, effective, _), no_new = prison.does(attack)
    assert set(users) == {"64993" if prison.lamb.user.uid == 0 else str(prison.lamb.user.uid)}
    assert (permitted, effective, no_new) == ("0" * 16, "0" * 16, ["1"])


def test_a_function_cannot_read_lambs_files_the_users_or_another_functions_code(prison):
    def attack(paths):
        return {path: outcome(os.open, path, os.O_RDONLY) for path in paths}

    lamb = prison.lamb
    canary = lamb.base / "user" / "canary"
    canary.write_text("seen")
    canary.chmod(0o644)
    trees = lamb.home / "packages" / "trees"
    own = prison.does(lambda_task_root)
    lamb.run(
        "update", "neighbour", "--file", str(lamb.write("theirs.py", "def handler(event, context): pass\n"))
    )
    others = [tree / "theirs.py" for tree in trees.iterdir() if (tree / "theirs.py").exists()]
    assert others
    paths = [canary, lamb.home / "lamb.sqlite3", lamb.home / "keys" / "keyring.json", *others]
    paths += [lamb.home / "logs", lamb.home / "run" / "daemon.log", "/etc/shadow", lamb.work / "theirs.py"]
    outcomes = prison.does(attack, [str(path) for path in paths])
    assert {path: error for path, error in outcomes.items() if error not in ("EACCES", "ENOENT")} == {}
    assert own.startswith(str(trees))


def lambda_task_root():
    return os.environ["LAMBDA_TASK_ROOT"]


def test_a_function_writes_to_its_temporary_directory_alone(prison):
    def attack(places):
        import tempfile  # noqa: PLC0415 - which asks for TMPDIR

        flags = os.O_CREAT | os.O_WRONLY
        task = os.environ["LAMBDA_TASK_ROOT"]
        refused = {place: outcome(os.open, f"{place}/new", flags) for place in [*places, task]}
        refused["code"] = outcome(os.open, f"{task}/prisoner.py", os.O_WRONLY)
        refused["mode"] = outcome(os.chmod, f"{task}/prisoner.py", 0o777)
        return refused, outcome(os.open, f"{tempfile.gettempdir()}/new", flags)

    refused, own = prison.does(attack, ["/tmp", "/var/tmp", "/", "/usr", str(prison.lamb.work)])
    refused.pop("mode")  # nothing that reads the tree heeds it: see the next assertion
    assert {
        place: error for place, error in refused.items() if error not in ("EACCES", "EPERM", "EROFS")
    } == {}
    assert own == "done"


def test_a_function_cannot_signal_or_look_into_the_daemon_or_its_init(prison):
    def attack(daemon):
        found = {}
        for pid in (daemon, os.getppid()):
            for file in ("environ", "mem", "maps", "fd/0"):
                found[f"{file} of {pid}"] = outcome(
                    lambda path: open(path, "rb").read(1), f"/proc/{pid}/{file}"
                )
            for number in (0, signal.SIGKILL, signal.SIGSTOP):
                found[f"{number} to {pid}"] = outcome(os.kill, pid, number)
        return found

    if not LANDLOCK_SCOPES:
        pytest.skip("without a pid namespace, Landlock keeps signals in from Linux 6.12 on")
    daemon = prison.lamb.daemon_pid
    outcomes = prison.does(attack, daemon)
    assert {
        what: error for what, error in outcomes.items() if error not in ("EACCES", "EPERM", "ENOENT")
    } == {}
    assert prison.lamb.daemon_pid == daemon


def test_the_dangerous_calls_of_the_kernel_are_shut(prison):
    def attack(calls):
        return {name: outcome(syscall, number, 0, 0, 0, 0, 0, 0) for name, number in calls.items()}

    outcomes = prison.does(attack, number_of(*CALLS))
    assert {name: error for name, error in outcomes.items() if error != "EPERM"} == {}


def test_a_function_finds_no_secret_of_another_in_its_memory(prison):
    assert prison.does(in_memory, SECRET[0], SECRET[1][::-1]) == []


def test_a_function_that_exceeds_its_memory_is_killed(prison):
    def attack():
        held = bytearray(300 << 20)
        for at in range(0, len(held), 4096):
            held[at] = 1
        time.sleep(20)

    assert prison.tries(attack)["Verdict"] == "killed"


def test_shared_memory_is_bounded_too(prison):
    def attack():
        parts = [mmap.mmap(-1, 64 << 20) for _ in range(12)]
        for part in parts:
            part.write(b"1" * len(part))
        time.sleep(20)

    assert prison.tries(attack)["Verdict"] == "killed"


def threads_of(lamb):
    """Of the user that functions run as, on the whole machine: the kernel counts them by user."""
    count, user = 0, 64993 if lamb.user.uid == 0 else lamb.user.uid
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == user:
                count += len(list((process / "task").iterdir()))
    return count


def test_open_files_processes_and_cores_are_bounded(prison):
    def attack():
        kinds = (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE)
        return [resource.getrlimit(kind) for kind in kinds]

    files, processes, cores = prison.does(attack)
    until = time.monotonic() + 30
    while processes[1] > 1024 + threads_of(prison.lamb) + 500 and time.monotonic() < until:
        # Another test's fork bomb was counted when this environment started: a new one finds it gone.
        prison.lamb.run("configure", prison.name, "--description", str(time.monotonic()))
        files, processes, cores = prison.does(attack)
    assert (files, cores) == ([1024, 1024], [1, 1])
    assert 1024 <= processes[1] <= 1024 + threads_of(prison.lamb) + 500  # others come and go


def test_a_fork_bomb_ends_at_its_timeout_and_another_function_runs(home, prison):
    def attack():
        end = time.monotonic() + 10  # should nothing else end it
        while time.monotonic() < end:
            with suppress(OSError):
                os.fork()
        os._exit(0)

    bomb = Prison(home, "bomb", "--timeout", "1")
    assert bomb.tries(attack)["Verdict"] in ("timeout", "killed")
    assert prison.does(hello) == "hello"


def test_a_daemonized_grandchild_does_not_outlive_its_timeout_or_its_environment(home, prison, name):
    mortal = Prison(home, "mortal", "--timeout", "1")
    assert mortal.tries(go_wild, name, 60)["Verdict"] == "timeout"
    assert named(name) == []
    mortal.does(go_wild, name, 0)
    (wild,) = named(name)
    home.run("delete", mortal.name, "--yes")
    assert all_gone([wild])


def test_nothing_outlives_a_daemon_that_is_told_to_end(home, prison, name):
    prison.does(go_wild, name, 0)
    below = list(descendants(home.daemon_pid))
    assert set(named(name)) < set(below)
    home.kill_daemon(signal.SIGTERM)
    assert all_gone(below)


def test_nothing_outlives_a_daemon_that_is_killed(home, prison, name):
    prison.does(go_wild, name, 0)
    below = list(descendants(home.daemon_pid))
    assert set(named(name)) < set(below)
    home.kill_daemon()
    assert all_gone(below)
