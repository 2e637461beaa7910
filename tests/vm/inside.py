"""Process 1 of the virtual machine: uses lamb as root and as a user with a delegated cgroup v2.

Prints `RESULT {…}` lines, which the test on the outside judges, and switches the machine off.
"""

import ctypes
import json
import os
import subprocess
import traceback
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
CONTROLLERS = "+memory +pids +cpu"
HOG = """\
def hog(event, context):
    return len(bytearray(event["mb"] << 20))

def forks(event, context):
    import os, time
    made = 0
    try:
        for _ in range(1500):
            if os.fork() == 0:
                time.sleep(60)
            made += 1
    except OSError as error:
        return {"made": made, "errno": error.errno}
    return {"made": made}

def groups(event, context):
    return open("/proc/self/cgroup").read()
"""
ENVIRON = {
    "PATH": "/usr/bin:/bin",
    "PYTHONPATH": "/lamb:/site",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def lamb(home: Path, *words: str, uid: int = 0) -> subprocess.CompletedProcess:
    command = ["/usr/bin/python3.11", "-c", "from lamb.cli.main import main; main()", *words]
    return subprocess.run(
        command, env={**ENVIRON, "HOME": str(home.parent), "LAMB_HOME": str(home)}, cwd="/tmp",
        capture_output=True, text=True, timeout=240, check=False, user=uid, group=uid,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def use(name: str, folder: Path, uid: int) -> None:
    """The whole story for one user, one RESULT line."""
    home = folder / "lamb"
    code = folder / "f.py"
    code.write_text(HOG)
    result: dict[str, object] = {"user": name}
    doctor = lamb(home, "doctor", "--json", uid=uid)
    if doctor.returncode:
        print(doctor.stderr, flush=True)
    result["missing"] = [wall for wall in json.loads(doctor.stdout)["walls"] if not wall["stands"]]
    for handler in ("hog", "forks", "groups"):
        memory = "2048" if handler == "forks" else "128"
        options = ("--handler", f"f.{handler}", "--timeout", "120", "--memory", memory)
        made = lamb(home, "create", handler, "--file", str(code), *options, uid=uid)
        if made.returncode:
            result["error"] = made.stderr
    small = lamb(home, "invoke", "hog", "-e", '{"mb": 16}', "-v", uid=uid)
    large = lamb(home, "invoke", "hog", "-e", '{"mb": 900}', uid=uid)
    result["small"] = [small.returncode, small.stdout, small.stderr]
    result["large"] = [large.returncode, large.stdout]
    result["forks"] = lamb(home, "invoke", "forks", uid=uid).stdout
    result["groups"] = lamb(home, "invoke", "groups", uid=uid).stdout
    limits = {}
    for path in CGROUPS.rglob("lamb-*/*/memory.max"):
        limits[str(path)] = [
            (path.parent / file).read_text().strip() for file in ("memory.max", "pids.max", "cpu.weight")
        ]
    result["limits"] = limits
    lamb(home, "daemon", "stop", uid=uid)
    if small.returncode:
        result["log"] = (home / "run" / "daemon.log").read_text()[-2000:]
    result["left"] = [str(path) for path in CGROUPS.rglob("lamb-*")]
    print("RESULT", json.dumps(result), flush=True)


def main() -> None:
    root = Path("/root/base")
    root.mkdir()
    use("root", root, 0)
    # What systemd does for a user service with Delegate=yes.
    (CGROUPS / "cgroup.subtree_control").write_text(CONTROLLERS)
    user = CGROUPS / "user"
    leaf = user / "app"
    leaf.mkdir(parents=True)
    for folder in (user, leaf):
        for name in ("", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
            os.chown(folder / name, 1000, 1000)
    (user / "cgroup.subtree_control").write_text(CONTROLLERS)
    (leaf / "cgroup.procs").write_text(str(os.getpid()))
    home = Path("/tmp/user")
    home.mkdir(mode=0o700)
    os.chown(home, 1000, 1000)
    use("unprivileged", home, 1000)


if __name__ == "__main__":
    try:
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        main()
    except BaseException:
        traceback.print_exc()
    finally:
        print("THE END", flush=True)
        subprocess.run(["/bin/poweroff", "-f"], check=False)
