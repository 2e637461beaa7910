"""cgroup v2, in a virtual machine of its own: the machines that run the tests may only have v1.

Needs Debian's qemu-system-x86, a kernel image, busybox-static and cpio; takes minutes without KVM.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LIMIT_S = 900

pytestmark = [pytest.mark.soak, pytest.mark.timeout(LIMIT_S + 60)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What the machine printed, by user."""
    kernels = sorted(Path("/boot").glob("vmlinuz-*"))
    needed = ("qemu-system-x86_64", "cpio", "busybox")
    missing = [name for name in needed if shutil.which(name) is None] + (
        [] if kernels else ["a kernel in /boot"]
    )
    if missing or not Path("/usr/bin/python3.11").exists():
        pytest.skip(f"needs {', '.join(missing) or '/usr/bin/python3.11'}")
    disk = tmp_path_factory.mktemp("vm") / "initrd.gz"
    site = sysconfig.get_path("purelib")
    subprocess.run(["sh", str(HERE / "image.sh"), str(disk), site, str(HERE.parents[1])], check=True)
    machine = subprocess.run(
        ["qemu-system-x86_64", "-m", "3072", "-nographic", "-no-reboot", "-net", "none",
         "-kernel", str(kernels[-1]), "-initrd", str(disk),
         "-append", "console=ttyS0 quiet panic=1 lsm=landlock"],
        capture_output=True, text=True, errors="replace", timeout=LIMIT_S, check=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    # The firmware's escape sequences stand before the first line.
    results = [
        json.loads(line.partition("RESULT ")[2]) for line in machine.stdout.splitlines() if "RESULT " in line
    ]
    assert len(results) == 2, machine.stdout[-3000:]
    return {result["user"]: result for result in results}


@pytest.mark.parametrize("user", ["root", "unprivileged"])
class TestWithCgroupV2:
    def test_every_wall_stands(self, told, user):
        assert told[user]["missing"] == []
        assert "walls 9/9" in told[user]["small"][2]

    def test_an_environment_is_in_a_group_of_its_own(self, told, user):
        assert "/lamb-" in told[user]["groups"]

    def test_the_kernel_counts_memory_processes_and_cpu(self, told, user):
        limits = list(told[user]["limits"].values())
        assert [str((128 + 512) << 20), "1025", "7"] in limits
        assert [str((2048 + 512) << 20), "1025", "116"] in limits

    def test_a_function_over_its_memory_is_killed(self, told, user):
        code, payload = told[user]["large"]
        assert code == 12
        assert "signal: killed" in payload

    def test_a_fork_bomb_ends_at_the_process_limit(self, told, user):
        forks = json.loads(told[user]["forks"])
        assert forks["errno"] == 11
        assert forks["made"] <= 1024

    def test_nothing_is_left_when_the_daemon_stops(self, told, user):
        assert told[user]["left"] == []
