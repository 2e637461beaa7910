"""The limits as scripts of calls: who may run, who has to wait, and for what reason."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lamb.engine.concurrency import Limits
from lamb.model.concurrency import Allotment
from lamb.model.names import FunctionKey

ACCOUNT = "ConcurrentInvocationLimitExceeded"
CEILING = "ReservedFunctionConcurrentInvocationLimitExceeded"
RATE = "FunctionInvocationRateLimitExceeded"
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"


def key(name: str = "f") -> FunctionKey:
    return FunctionKey("123456789012", "us-east-1", name)


def allotted(
    account: int = 1000, *, reserved: int | None = None, provisioned: dict[str, int] | None = None
) -> Limits:
    """Limits in which `f` has something of its own."""
    limits = Limits(account)
    limits.allot(Allotment(key(), reserved, provisioned or {}))
    return limits


def play(limits: Limits, script: str) -> list[str]:
    """Each word is one call: `f`, `f:1` and the like acquire, `-f:1` releases; what was refused.

    A function without a version is `$LATEST`.
    """
    refused = []
    for word in script.split():
        name, _, version = word.lstrip("-").partition(":")
        target = key(name), version or "$LATEST"
        if word.startswith("-"):
            limits.release(*target)
        elif reason := limits.acquire(*target):
            refused.append(f"{word} {reason}")
    return refused


@pytest.mark.parametrize(
    ("account", "reserved", "provisioned", "script", "refused"),
    [
        # --- the account's pool
        (3, None, {}, "f g h", []),
        (3, None, {}, "f g h h", [f"h {ACCOUNT}"]),
        (3, None, {}, "f f f -f g", []),
        (3, None, {}, "f f f g -f g g", [f"g {ACCOUNT}", f"g {ACCOUNT}"]),
        # --- reserved: a ceiling for all versions together
        (9, 2, {}, "f f", []),
        (9, 2, {}, "f f:1 f:2", [f"f:2 {CEILING}"]),
        (9, 2, {}, "f f:1 -f f:2", []),
        (9, 0, {}, "f f:1", [f"f {CEILING}", f"f:1 {CEILING}"]),
        # --- … and a guarantee: others use what is left, and it does not use theirs
        (3, 2, {}, "g g f f", [f"g {ACCOUNT}"]),
        (3, 2, {}, "f f f g", [f"f {CEILING}"]),
        (3, 2, {}, "g f f -g g", []),
        # an account that has been made smaller than what is reserved in it
        (1, 2, {}, "f f g", [f"g {ACCOUNT}"]),
        # --- provisioned: for its version alone, out of the pool
        (3, None, {"1": 2}, "g f:1 f:1", []),
        (3, None, {"1": 2}, "g g f:1 f:1", [f"g {ACCOUNT}"]),
        (3, None, {"1": 2}, "f f f:1 f:1", [f"f {ACCOUNT}"]),
        # what is beyond spills to on-demand
        (4, None, {"1": 2}, "f:1 f:1 f:1 f:1", []),
        (4, None, {"1": 2}, "f:1 f:1 f:1 f:1 f:1", [f"f:1 {ACCOUNT}"]),
        (3, None, {"1": 2}, "f:1 f:1 f:1 -f:1 g f:1", [f"f:1 {ACCOUNT}"]),
        # --- provisioned out of what is reserved
        (9, 3, {"1": 2}, "f f f:1 f:1", [f"f {CEILING}"]),
        (9, 3, {"1": 2}, "f:1 f:1 f:1 f:1 f", [f"f:1 {CEILING}", f"f {CEILING}"]),
        (9, 3, {"1": 1, "2": 1}, "f:1 f:2 f:2 f:1", [f"f:1 {CEILING}"]),
        # as much as is reserved: nothing else of the function runs
        (9, 2, {"1": 2}, "f f:2 f:1 f:1 f:1", [f"f {CEILING}", f"f:2 {CEILING}", f"f:1 {CEILING}"]),
    ],
)
def test_who_may_run(account, reserved, provisioned, script, refused):
    assert play(allotted(account, reserved=reserved, provisioned=provisioned), script) == refused


def test_a_released_place_of_provisioned_concurrency_is_on_demands_first():
    """Three invocations of a version with two provisioned: whichever ends, one is on demand no more."""
    limits = allotted(3, provisioned={"1": 2})
    assert play(limits, "f:1 f:1 f:1 g -f:1 g") == [f"g {ACCOUNT}"]
    assert play(limits, "-f:1 f:1") == []


def test_a_refusal_takes_nothing():
    limits = allotted(reserved=1)
    play(limits, "f f f f -f")
    assert play(limits, "f") == []


def test_only_a_reservation_of_nothing_blocks_a_function():
    limits = Limits(1000)
    assert not limits.blocked(key())
    for reserved, blocked in ((1, False), (0, True), (None, False)):
        limits.allot(Allotment(key(), reserved))
        assert limits.blocked(key()) is blocked
    assert not limits.blocked(key("g"))


# ------------------------------------------------------------------ changes while something runs


def test_a_new_ceiling_holds_for_what_comes_and_ends_nothing():
    limits = Limits(1000)
    play(limits, "f f f")
    limits.allot(Allotment(key(), 2))
    assert play(limits, "f -f f -f f") == [f"f {CEILING}", f"f {CEILING}"]


def test_what_runs_moves_from_the_pool_to_the_reservation_and_back():
    limits = Limits(2)
    play(limits, "f g")
    limits.allot(Allotment(key(), 1))
    assert play(limits, "g") == [f"g {ACCOUNT}"]
    play(limits, "-g")
    limits.allot(Allotment(key()))
    assert play(limits, "g g") == [f"g {ACCOUNT}"]
    assert play(limits, "-f g") == []


def test_what_runs_on_demand_is_provisioned_when_its_version_gets_some():
    limits = Limits(2)
    play(limits, "f:1 f:1")
    assert play(limits, "g") == [f"g {ACCOUNT}"]
    limits.allot(Allotment(key(), None, {"1": 1}))
    assert play(limits, "g -f:1 g") == [f"g {ACCOUNT}"]
    assert play(limits, "-g g") == []


def test_an_allocation_that_moves_leaves_what_runs_on_demand():
    limits = allotted(3, provisioned={"1": 2})
    play(limits, "f:1 f:1")
    limits.allot(Allotment(key(), None, {"2": 2}))
    assert play(limits, "f:2 f:2 g") == [f"g {ACCOUNT}"]
    assert play(limits, "-f:1 -f:1 g g") == [f"g {ACCOUNT}"]


def test_a_function_that_is_gone_leaves_no_trace():
    limits = allotted(5, reserved=3)
    play(limits, "f -f")
    limits.allot(Allotment(key()))
    assert limits._shares == {}
    assert play(limits, "g g g g g g") == [f"g {ACCOUNT}"]


# ------------------------------------------------------------------ how fast


def started(limits: Limits, now_ms: int, most: int = 2000, name: str = "f") -> int:
    """How many environments may start at that moment."""
    return next(number for number in range(most) if limits.grow(key(name), now_ms))


def test_a_function_gets_a_thousand_environments_at_once_and_a_hundred_more_each_second():
    limits = Limits(1000)
    now = 1_700_000_000_000
    assert started(limits, now) == 1000
    assert started(limits, now) == 0
    assert started(limits, now + 9) == 0
    assert started(limits, now + 10) == 1
    assert started(limits, now + 1010) == 100
    assert started(limits, now + 11_010) == 1000


def test_what_a_function_does_not_use_of_its_growth_does_not_add_up():
    limits = Limits(1000)
    started(limits, 1_700_000_000_000)
    assert started(limits, 1_700_003_600_000) == 1000


def test_each_function_grows_by_itself():
    limits = Limits(1000)
    assert (started(limits, 1000), started(limits, 1000, name="g")) == (1000, 1000)


def test_a_clock_that_is_set_back_takes_no_growth_away():
    limits = Limits(1000)
    assert limits.grow(key(), 1_700_000_000_000) is None
    assert started(limits, 1_600_000_000_000) == 999
    assert started(limits, 1_600_000_001_000) == 100


@pytest.mark.parametrize(("reserved", "reason"), [(None, RATE), (500, RESERVED_RATE)])
def test_the_reason_says_whose_growth_it_is(reserved, reason):
    limits = allotted(reserved=reserved)
    started(limits, 1000)
    assert limits.grow(key(), 1000) == reason


# ------------------------------------------------------------------ any order of calls

NAMES = st.sampled_from(["f", "g"])
VERSIONS = st.sampled_from(["$LATEST", "1", "2"])


class AnyOrder(RuleBasedStateMachine):
    """Against a model that counts everything anew each time."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(6)
        self.running: Counter[tuple[str, str]] = Counter()
        self.allotments = {name: Allotment(key(name)) for name in "fg"}

    def spilled(self, name: str) -> int:
        provisioned = self.allotments[name].provisioned
        return sum(
            max(0, count - provisioned.get(version, 0))
            for (owner, version), count in self.running.items()
            if owner == name
        )

    def room(self, name: str, version: str) -> bool:
        mine = self.allotments[name]
        if self.running[name, version] < mine.provisioned.get(version, 0):
            return True
        if mine.reserved is not None:
            return self.spilled(name) < mine.reserved - sum(mine.provisioned.values())
        taken = used = 0
        for other in self.allotments.values():
            shared = other.reserved is None
            taken += sum(other.provisioned.values()) if shared else other.reserved
            used += self.spilled(other.key.name) if shared else 0
        return used < 6 - taken

    @rule(name=NAMES, version=VERSIONS)
    def acquire(self, name: str, version: str) -> None:
        room = self.room(name, version)
        assert (self.limits.acquire(key(name), version) is None) == room
        self.running[name, version] += room

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        busy = sorted(self.running.elements())
        if busy:
            name, version = data.draw(st.sampled_from(busy))
            self.limits.release(key(name), version)
            self.running[name, version] -= 1

    @rule(
        name=NAMES,
        reserved=st.none() | st.integers(0, 4),
        provisioned=st.dictionaries(st.sampled_from(["1", "2"]), st.integers(1, 2)),
    )
    def allot(self, name: str, reserved: int | None, provisioned: dict[str, int]) -> None:
        self.allotments[name] = Allotment(key(name), reserved, provisioned)
        self.limits.allot(self.allotments[name])

    @invariant()
    def what_is_used_is_what_runs_on_demand_without_a_reservation(self) -> None:
        shared = [name for name, mine in self.allotments.items() if mine.reserved is None]
        assert self.limits._used == sum(map(self.spilled, shared))


TestAnyOrder = AnyOrder.TestCase
