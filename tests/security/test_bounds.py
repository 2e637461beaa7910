"""Bounds: memory, /tmp, processes, open files; whoever meets one harms no other function."""

from __future__ import annotations

import mmap
import os
import resource
import signal
import threading
import time
from contextlib import suppress

import pytest
from security.prison import Prison
from security.prisoner import outcome

pytestmark = pytest.mark.each_user


@pytest.fixture(scope="module")
def roomy(lamb_of_module, neighbour):
    """A function with room for many processes."""
    return Prison(lamb_of_module, "roomy", "--memory", "2048")


def test_a_function_that_exceeds_its_memory_is_killed_each_time(prison):
    def attack():
        held = bytearray(300 << 20)
        for at in range(0, len(held), 4096):
            held[at] = 1

    for _ in range(3):
        envelope = prison.tries(attack)
        assert envelope["Verdict"] == "killed", envelope
        assert "Runtime.OutOfMemory" in envelope["LogTail"]
        time.sleep(0.3)  # a pause in which nothing runs, and nothing needs to be watched


def test_children_that_exceed_the_memory_together_are_killed(prison):
    def attack():
        for _ in range(6):
            if os.fork() == 0:
                held = bytearray(40 << 20)
                for at in range(0, len(held), 4096):
                    held[at] = 1
                time.sleep(20)
        time.sleep(20)

    assert prison.tries(attack)["Verdict"] == "killed"


def test_shared_memory_is_bounded_too(prison):
    def attack():
        parts = [mmap.mmap(-1, 64 << 20) for _ in range(12)]
        for part in parts:
            part.write(b"1" * len(part))
        time.sleep(20)

    assert prison.tries(attack)["Verdict"] == "killed"


def test_files_in_memory_are_bounded_where_the_kernel_counts(prison):
    def attack():
        file = os.memfd_create("large")
        os.posix_fallocate(file, 0, 768 << 20)

    envelope = prison.tries(attack)
    if "cgroup" in envelope["MissingWalls"]:
        pytest.skip("this needs the cgroup wall")
    assert envelope["Verdict"] == "killed"


def test_a_function_may_have_children_that_share_its_memory(prison):
    def attack():
        children = []
        for _ in range(20):
            children.append(os.fork())
            if children[-1] == 0:
                time.sleep(20)
        time.sleep(0.2)
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        return len(children)

    assert prison.does(attack) == 20


def test_a_function_that_was_killed_for_its_memory_runs_again(prison):
    def attack():
        return "well"

    assert prison.does(attack) == "well"


def test_tmp_is_full_at_its_size(prison):
    def attack():
        with open("/tmp/large", "wb") as file:
            fits = outcome(os.posix_fallocate, file.fileno(), 0, 500 << 20)
            more = outcome(os.posix_fallocate, file.fileno(), 0, 520 << 20)
        os.unlink("/tmp/large")
        return fits, more

    assert prison.does(attack) == ["done", "ENOSPC"]


def test_tmp_is_full_at_some_ten_thousands_of_empty_files(prison):
    def attack():
        for number in range(100_000):
            if (error := outcome(os.mknod, f"/tmp/{number}")) != "done":
                return number, error
        return "never"

    count, error = prison.does(attack)
    assert (count < 70_000, error) == (True, "ENOSPC")


def test_a_function_opens_1024_files_at_most(prison):
    def attack():
        files = []
        with suppress(OSError):
            while True:
                files.append(os.open("/dev/null", os.O_RDONLY))
        error = outcome(os.open, "/dev/null", os.O_RDONLY)
        for file in files:
            os.close(file)
        return error, max(files)

    assert prison.does(attack) == ["EMFILE", 1023]


def test_a_function_runs_1024_processes_and_threads_at_most(roomy):
    def attack():
        threading.stack_size(64 << 10)
        end, threads = threading.Event(), []
        try:
            while True:
                thread = threading.Thread(target=end.wait)
                thread.start()
                threads.append(thread)
        except RuntimeError:
            return len(threads), outcome(os.fork)
        finally:
            end.set()
            for thread in threads:
                thread.join()

    count, forked = roomy.does(attack)
    assert (900 < count < 1024, forked) == (True, "EAGAIN")


def test_a_fork_bomb_ends_at_its_timeout_and_the_next_function_runs(lamb_of_module, neighbour):
    def attack():
        end = time.monotonic() + 10  # should nothing else end it
        while time.monotonic() < end:
            with suppress(OSError):
                os.fork()
        os._exit(0)

    bomb = Prison(lamb_of_module, "bomb", "--timeout", "1")
    assert bomb.tries(attack)["Verdict"] in ("timeout", "killed")
    lamb_of_module.run("invoke", neighbour.name, timeout_s=10)


def test_other_functions_run_while_a_fork_bomb_goes_off(lamb_of_module, neighbour):
    def attack():
        end = time.monotonic() + 10  # should nothing else end it
        while time.monotonic() < end:
            with suppress(OSError):
                os.fork()
        os._exit(0)

    bomb = Prison(lamb_of_module, "long-bomb", "--timeout", "2")
    running = bomb.starts(attack)
    try:
        lamb_of_module.run("invoke", neighbour.name, timeout_s=10)
    finally:
        running.communicate()


def test_a_crash_leaves_no_core(prison):
    def attack():
        os.chdir("/tmp")
        child = os.fork()
        if child == 0:
            os.abort()
        status = os.waitpid(child, 0)[1]
        return os.WTERMSIG(status), os.WCOREDUMP(status), [name for name in os.listdir() if "core" in name]

    assert prison.does(attack) == [signal.SIGABRT, False, []]


def test_no_program_of_the_host_is_handed_a_functions_core(prison):
    def attack():
        return resource.getrlimit(resource.RLIMIT_CORE)

    # The one limit at which the kernel starts no program that `core_pattern` names: see core(5).
    assert prison.does(attack) == [1, 1]
