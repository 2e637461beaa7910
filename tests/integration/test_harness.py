"""The tests protect whoever runs them, and notice what a program leaves behind."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import harness
import pytest

from lamb.model import settings


def test_the_default_home_cannot_be_made_during_tests():
    home = settings.load().settings.home
    with pytest.raises(NotADirectoryError):
        home.mkdir(parents=True)


def test_no_setting_of_the_user_reaches_a_test():
    assert {name for name in os.environ if name.startswith(("LAMB_", "XDG_", "AWS_SECRET"))} == set()
    assert set(settings.load(cwd=Path("/")).origins.values()) == {"default"}


def test_a_command_that_is_given_no_home_fails_and_says_which_it_tried():
    lamb = harness.ourselves().bin / "lamb"
    done = subprocess.run([lamb, "list"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert str(settings.load().settings.home) in done.stderr


def test_a_process_left_behind_fails_the_test_that_left_it(new_lamb):
    left = new_lamb()
    left.gone_within_s = 0.1
    subprocess.run(["sh", "-c", "sleep 600 >&- 2>&- &"], check=True)
    with pytest.raises(AssertionError, match=r"process .* sleep 600"):
        left.close()
    assert harness.machine.orphans(but_of=[]) == []


def test_a_cgroup_left_behind_fails_the_test_that_left_it(new_lamb):
    roots = [Path(root) for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/pids") if os.access(root, os.W_OK)]
    if not roots:
        pytest.skip("cgroups cannot be made here")
    place = roots[0] / f"lamb-{os.getpid()}"
    left = new_lamb()
    left.gone_within_s = 0.1
    place.mkdir()
    try:
        with pytest.raises(AssertionError, match=r"cgroup: .*lamb-"):
            left.close()
    finally:
        place.rmdir()


@pytest.mark.each_user
def test_the_user_of_a_test_owns_their_home_and_cannot_look_into_ours(lamb):
    ask = "import os, sys; print(os.getuid(), *(os.access(path, os.W_OK) for path in sys.argv[1:]))"
    done = subprocess.check_output(
        [lamb.user.python, "-c", ask, lamb.env["HOME"], "/etc/shadow"],
        text=True,
        env=lamb.env,
        cwd=lamb.work,
        **lamb.user.as_popen,
    )
    assert done.split() == [str(lamb.user.uid), "True", str(lamb.user.uid == 0)]
