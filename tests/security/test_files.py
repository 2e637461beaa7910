"""Files: a function sees the system, its own code and its own /tmp, and changes only the last."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from security.prison import Prison
from security.prisoner import outcome

pytestmark = pytest.mark.each_user

CANARY = "canary-of-the-host"


@pytest.fixture(scope="module")
def canaries(lamb_of_module, neighbour):
    """Files that everybody on this host may read: in /tmp, in the home of the user, in lamb's home."""
    shared = Path(tempfile.mkdtemp(dir="/tmp"))
    shared.chmod(0o755)
    files = [shared / CANARY, lamb_of_module.base / "user" / CANARY, lamb_of_module.home / CANARY]
    for file in files:
        file.write_text("seen")
        file.chmod(0o644)
    yield [str(file) for file in files]
    for file in files:
        file.unlink()
    shutil.rmtree(shared)


@pytest.fixture
def outcomes_of_opening(prison):
    def attack(paths, flags):
        return {path: outcome(os.open, path, flags) for path in paths}

    def ask(paths, flags=os.O_RDONLY):
        return prison.does(attack, [str(path) for path in paths], flags)

    return ask


def all_are(outcomes, *errors):
    assert outcomes
    assert {path: error for path, error in outcomes.items() if error not in errors} == {}


def test_a_function_cannot_read_the_hosts_shadow_file(outcomes_of_opening):
    all_are(outcomes_of_opening(["/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/machine-id"]), "ENOENT")


def test_a_function_reads_of_etc_only_what_names_no_person_of_the_host(prison):
    def attack():
        return sorted(os.listdir("/etc")), Path("/etc/passwd").read_text()

    names, passwd = prison.does(attack)
    system = {"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "nsswitch.conf", "mime.types"}
    certificates = {"ca-certificates", "ca-certificates.conf", "pki", "ssl"}
    network = {"hosts", "protocols", "resolv.conf", "services"}
    assert set(names) <= {"group", "passwd"} | system | certificates | network
    assert [line.split(":")[0] for line in passwd.splitlines()] == ["root", "sbx_user1051"]


def test_a_function_cannot_read_files_of_the_host(canaries, outcomes_of_opening):
    all_are(outcomes_of_opening(canaries), "ENOENT")


def test_a_function_finds_no_way_to_the_hosts_files_through_proc(canaries, outcomes_of_opening):
    ways = ("/proc/1/root", "/proc/1/cwd", "/proc/self/root", "/proc/self/cwd/../..", "/.host/old", "/..")
    all_are(outcomes_of_opening([way + file for way in ways for file in canaries]), "ENOENT", "EACCES")


def test_a_function_meets_no_file_of_the_host_when_it_walks_everything_it_sees(prison, canaries):
    def attack():
        found = []
        for top in sorted(os.listdir("/")):
            if top not in ("proc", "usr") and not os.path.islink(f"/{top}"):
                for folder, _, files in os.walk(f"/{top}"):
                    found += [f"{folder}/{file}" for file in files]
        return found

    seen = prison.does(attack)
    assert "/var/task/prisoner.py" in seen
    own = ("/dev/", "/etc/", "/var/lang/", "/var/runtime/", "/var/task/")
    assert [path for path in seen if not path.startswith(own)] == []
    assert [path for path in seen if CANARY in path or "neighbour" in path] == []


def test_a_function_cannot_read_another_functions_code(prison, neighbour):
    trees = prison.lamb.home / "packages" / "trees"
    theirs = next(tree for tree in trees.iterdir() if (tree / "neighbour.py").exists())

    def attack(host_path, tree):
        ways = (host_path, f"/.host/packages/{tree}/neighbour.py", f"/var/task/../{tree}/neighbour.py")
        return [outcome(os.open, way, os.O_RDONLY) for way in ways], os.listdir("/.host/packages")

    outcomes, seen = prison.does(attack, str(theirs / "neighbour.py"), theirs.name)
    assert (set(outcomes), seen) == ({"ENOENT"}, [])


def test_a_function_cannot_open_lambs_database_keys_or_logs(prison, outcomes_of_opening):
    lamb = prison.lamb
    files = [Path(folder, file) for folder, _, files in os.walk(lamb.home) for file in files]
    kept = [file for file in files if file.relative_to(lamb.home).parts[0] not in ("runtime", "packages")]
    assert {"lamb.sqlite3", "keys", "logs", "run"} <= {file.relative_to(lamb.home).parts[0] for file in kept}
    all_are(outcomes_of_opening(kept), "ENOENT")


def test_a_function_cannot_connect_to_lambs_socket(prison):
    def attack(path):
        ways = (path, f"/proc/1/root{path}", "\0" + path)
        return [outcome(socket.socket(socket.AF_UNIX).connect, way) for way in ways]

    path = str(prison.lamb.home / "run" / "daemon.sock")
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    assert set(prison.does(attack, path[:90])) <= {"ENOENT", "EACCES", "ECONNREFUSED", "EPERM"}


def test_a_function_inherits_its_output_and_one_socket_and_nothing_else(prison):
    def attack():
        links = []
        for fd in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                links.append(os.readlink(f"/proc/self/fd/{fd}").split(":")[0])
        return sorted(set(links)), links.count("socket")

    assert prison.does(attack) == [["/dev/null", "pipe", "socket"], 1]


def test_a_function_cannot_write_to_its_own_code_or_to_anything_but_tmp(prison, outcomes_of_opening):
    places = ["/", "/bin", "/dev", "/etc", "/etc/ssl", "/home", "/lib", "/opt", "/root", "/sbin", "/usr"]
    places += [
        "/usr/bin",
        "/usr/local",
        "/var",
        "/var/lang",
        "/var/lang/bin",
        "/var/runtime",
        "/var/task",
        "/.host",
    ]
    new = outcomes_of_opening([f"{place}/new" for place in places], os.O_CREAT | os.O_WRONLY)
    all_are(new, "EROFS", "EACCES")
    files = ["/var/task/prisoner.py", "/var/runtime/awslambdaric/bootstrap.py", "/usr/bin/env", "/etc/passwd"]
    all_are(outcomes_of_opening(files, os.O_WRONLY), "EROFS", "EACCES")
    assert outcomes_of_opening(["/tmp/new"], os.O_CREAT | os.O_WRONLY) == {"/tmp/new": "done"}


def test_a_function_cannot_change_remove_or_replace_what_its_layers_bring(lamb_of_module, neighbour):
    lamb = lamb_of_module
    for name in ("one", "two"):
        file = lamb.write(f"layer/{name}/python/{name}.py", "SHARED = True\n")
        lamb.run("layer", "publish", name, "--dir", str(file.parent.parent))
    held = Prison(lamb, "layered")
    lamb.run("configure", "layered", "--layer", "one", "--layer", "two")

    def attack():
        file = "/opt/python/one.py"
        Path("/tmp/other").touch()
        return [
            Path("/opt/python/two.py").read_text(),
            outcome(open, file, "a"),
            outcome(open, "/opt/python/new.py", "w"),
            outcome(os.mkdir, "/opt/new"),
            outcome(os.chmod, file, 0o777),
            outcome(os.unlink, file),
            outcome(os.rename, "/tmp/other", file),
            outcome(os.link, file, "/tmp/linked"),
        ]

    read, *outcomes = held.does(attack)
    assert read == "SHARED = True\n"
    assert set(outcomes) <= {"EROFS", "EACCES", "EPERM", "EXDEV"}


def test_a_function_cannot_change_remove_or_replace_its_own_code(prison):
    def attack():
        file = "/var/task/prisoner.py"
        Path("/tmp/other").touch()
        return [
            outcome(os.chmod, file, 0o777),
            outcome(os.unlink, file),
            outcome(os.rename, file, "/var/task/other.py"),
            outcome(os.rename, "/tmp/other", file),
            outcome(os.link, file, "/tmp/link"),
            outcome(os.truncate, file, 0),
            outcome(os.utime, file),
            outcome(os.setxattr, file, "user.x", b"y"),
        ]

    assert set(prison.does(attack)) <= {"EROFS", "EXDEV", "EPERM", "EACCES", "EOPNOTSUPP"}


def test_a_file_that_others_may_not_read_in_the_package_is_denied_to_root_and_owner_too(lamb):
    lamb.more_env = {"LAMB_PACKAGE_MODES": "aws"}
    place = lamb.write("closed.zip", b"")
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(_entry("app.py", 0o644), "def handler(event, context):\n    open('data.txt')\n")
        archive.writestr(_entry("data.txt", 0o600), "for the owner alone")
        archive.writestr(_entry("shut.py", 0o600), "def handler(event, context): pass\n")
    for handler in ("app", "shut"):
        flags = ("--zip", str(place), "--runtime", lamb.runtime, "--handler", f"{handler}.handler")
        lamb.run("create", handler, *flags)
    opened = lamb.run("invoke", "app", "--json", check=False)
    loaded = lamb.run("invoke", "shut", "--json", check=False)
    assert (opened.returncode, loaded.returncode) == (10, 13)
    assert "[Errno 13] Permission denied: 'data.txt'" in opened.stdout
    assert "[Errno 13] Permission denied: '/var/task/shut.py'" in loaded.stdout


def _entry(name, mode):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFREG | mode) << 16
    entry.create_system = 3
    return entry
