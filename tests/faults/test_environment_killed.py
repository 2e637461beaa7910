"""SIGKILL of a zygote, an environment's init or its runtime: the caller hears of it, the next one works."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter

import harness
import pytest

from faults.execution import Execution, spread
from faults.scene import AT_WORK, KINDS, Aside, Bell, inits, kill, zygotes
from faults.talk import FUNCTIONS, Refused, Talk

POINTS_IN_CI = 3
POINTS_IN_SOAK = 100
WHOSE = ("everything", "zygote", "environment")


@pytest.fixture
def bell():
    made = Bell()
    yield made
    made.close()


@pytest.fixture
def at_work(lamb):
    """The function `f`, warm."""
    lamb.write("app.py", AT_WORK)
    lamb.run("create", "f", "--file", "app.py", "--timeout", "60")
    lamb.run("invoke", "f")
    return lamb


def _raw_invoke(lamb, event):
    """(headers, body) of an answer, or the Refused that it was."""
    talk = Talk(lamb)
    try:
        return talk.ask("POST", f"{FUNCTIONS}/f/invocations", event)
    except Refused as error:
        return error
    finally:
        talk.close()


@pytest.mark.each_user
@pytest.mark.parametrize("kind", KINDS)
def test_an_invocation_whose_process_is_killed_is_told_so_and_the_next_one_works(at_work, bell, kind):
    lamb = at_work
    waiting = Aside(_raw_invoke, lamb, {"port": bell.port, "seconds": 60})
    bell.wait()
    for pid in KINDS[kind](lamb.daemon_pid):
        kill(pid)
    headers, body = waiting.result(30)
    document = json.loads(body)
    assert headers["x-amz-function-error"] == "Unhandled"
    assert document["errorType"] == "Runtime.ExitError"
    assert document["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert lamb.run("invoke", "f", "-e", '{"n": 2}').stdout.strip() == '{"n": 2}'


def test_an_idle_environment_that_was_killed_is_missed_by_nobody(at_work):
    lamb = at_work
    for kind in KINDS:
        for pid in KINDS[kind](lamb.daemon_pid):
            kill(pid)
        event = json.dumps({"after": kind})
        assert lamb.run("invoke", "f", "-e", event).stdout.strip() == event


# ------------------------------------------------------------------ at every step of a start


def _wait_for_blank(lamb, daemon):
    """Until an init stands ready beside that of the environment: it is made a moment after a start.

    The last kill may have met the one that stood ready: the next start finds that out.
    """
    until = time.monotonic() + 30
    start_at = time.monotonic() + 1
    while not [init for init in inits(daemon) if not harness.machine.children(init)]:
        assert time.monotonic() < until
        if time.monotonic() > start_at:
            start_at = until
            _end(lamb, daemon, inits(daemon))
            _raw_invoke(lamb, {})
        time.sleep(0.01)


def _end(lamb, daemon, pids):
    """These processes, and with them every environment; the daemon knows."""
    for pid in pids:
        kill(pid)
        assert harness.wait_gone(pid)
    until = time.monotonic() + 30
    while lamb.health()["environments"]:
        assert time.monotonic() < until
        time.sleep(0.01)  # nobody says when the daemon has noticed


def _start_killed(lamb, whose, at):
    """Have an environment started, and kill whoever is about to make this step. Steps, and the outcome.

    Steps of all that starts from nothing; of a zygote that stands; of the environment that it forks.
    """
    daemon = lamb.daemon_pid
    _wait_for_blank(lamb, daemon)
    if whose == "everything":
        _end(lamb, daemon, zygotes(daemon))
    elif whose == "zygote":  # nor is there an init that waits for an order
        _end(lamb, daemon, inits(daemon))
    else:
        _end(lamb, daemon, [init for init in inits(daemon) if harness.machine.children(init)])
    traced = daemon if whose == "everything" else zygotes(daemon)[0]
    with Execution(lamb) as execution:
        execution.arm(at, traced, calls="all", family=whose != "zygote", wipe=False)
        answer = _raw_invoke(lamb, {"n": at})
        killing = execution.finish()
    outcome = _outcome(answer, {"n": at})
    assert killing.killed or outcome == "answered", (killing, answer)
    assert _outcome(_raw_invoke(lamb, {"n": -at}), {"n": -at}) == "answered"
    assert lamb.daemon_pid == daemon
    return len(killing.steps), outcome


def _outcome(answer, event):
    """How an invocation ended: in one of the three ways that there are, else the test fails."""
    if isinstance(answer, Refused):
        status, document = answer.args
        assert status == 500, answer
        assert any(word in document for word in ("zygote", "environment", "sandbox")), answer
        return "not started"
    headers, body = answer
    if "x-amz-function-error" in headers:
        assert json.loads(body)["errorType"] in ("Runtime.ExitError", "Sandbox.Timedout"), body
        return "killed"
    assert json.loads(body) == event
    return "answered"


def test_a_start_killed_in_the_middle_is_answered_and_the_next_one_works(at_work):
    for whose in WHOSE:
        steps, _ = _start_killed(at_work, whose, 0)
        for at in spread(steps, POINTS_IN_CI):
            _start_killed(at_work, whose, at)


@pytest.mark.soak
@pytest.mark.each_user
@pytest.mark.parametrize("whose", WHOSE)
def test_a_start_killed_at_many_steps_is_answered_and_the_next_one_works(at_work, tell, whose):
    steps, _ = _start_killed(at_work, whose, 0)
    points = spread(steps, POINTS_IN_SOAK)
    told = Counter(_start_killed(at_work, whose, at)[1] for at in points)
    tell(f"start of {whose} as {at_work.user.name}: {len(points)} kills over {steps} steps, {dict(told)}")


# ------------------------------------------------------------------ while many are at work


def _storm(lamb, invocations, seed):
    """Eight callers, each with its own events, while somebody kills at random. How the invocations ended."""
    draw, over, told = random.Random(seed), threading.Event(), Counter()
    daemon = lamb.daemon_pid
    each = invocations // 8

    def caller(number):
        for i in range(each):
            event = {"caller": number, "i": i, "pause": 0.02}
            told[_outcome(_raw_invoke(lamb, event), event)] += 1

    def killer():
        while not over.wait(draw.uniform(0, 0.04)):
            kind = draw.choices(list(KINDS), (1, 6, 6))[0]
            if alive := KINDS[kind](daemon):
                kill(draw.choice(alive))
                told[f"kills of a {kind}"] += 1

    killing = Aside(killer)
    try:
        callers = [Aside(caller, number) for number in range(8)]
        for waiting in callers:
            waiting.result(600)
    finally:
        over.set()
        killing.result()
    assert sum(told[way] for way in ("answered", "killed", "not started")) == each * 8
    assert told["answered"]
    assert _outcome(_raw_invoke(lamb, {"last": 1}), {"last": 1}) == "answered"
    assert lamb.daemon_pid == daemon
    return dict(told)


def test_every_reply_belongs_to_its_caller_while_environments_are_killed(at_work):
    _storm(at_work, 160, seed=1)


@pytest.mark.soak
@pytest.mark.each_user
def test_every_reply_belongs_to_its_caller_while_very_many_environments_are_killed(at_work, tell):
    told = _storm(at_work, 1000, seed=2)
    tell(f"1000 invocations as {at_work.user.name}: {told}")
