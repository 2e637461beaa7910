"""The pool as scripts of calls: it decides, and never waits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from lamb.engine.pool import Pool
from lamb.model.function import Configuration
from lamb.model.invocation import Target
from lamb.model.names import FunctionKey

KEY = FunctionKey("123456789012", "us-east-1", "f")
OTHER = FunctionKey("123456789012", "us-east-1", "g")


@dataclass(eq=False)
class Environment:
    target: Target
    since: float = 0.0
    provisioned: bool = False


def target(key: FunctionKey = KEY, version: str = "1", generation: str = "a", memory_mb: int = 128) -> Target:
    configuration = Configuration("python3.12", "a.h", "r", "sha", 1, memory_mb=memory_mb)
    return Target(key, version, generation, configuration, Path("code"), dict)


def started(pool: Pool[Environment], what: Target) -> Environment:
    assert pool.take(what) is None
    assert pool.room_for(what) == []
    environment = Environment(what)
    pool.add(environment)
    return environment


def idle(pool: Pool[Environment], what: Target, since: float) -> Environment:
    environment = started(pool, what)
    assert pool.release(environment, since)
    return environment


def test_an_environment_works_for_one_invocation_at_a_time():
    pool: Pool[Environment] = Pool(9, 9999)
    first = started(pool, target())
    second = started(pool, target())
    assert pool.busy == {first, second}
    pool.release(first, 1.0)
    assert pool.take(target()) is first
    assert pool.take(target()) is None


def test_the_environment_that_was_used_last_is_taken_first():
    pool: Pool[Environment] = Pool(9, 9999)
    first, second = started(pool, target()), started(pool, target())
    pool.release(second, 1.0)
    pool.release(first, 2.0)
    assert [pool.take(target()), pool.take(target()), pool.take(target())] == [first, second, None]


def test_only_the_same_function_version_and_generation_can_use_an_environment():
    pool: Pool[Environment] = Pool(9, 9999)
    idle(pool, target(), 1.0)
    others = [target(OTHER), target(version="2"), target(generation="b")]
    assert [pool.take(what) for what in others] == [None, None, None]
    assert pool.take(target()) is not None


def test_provisioned_environments_are_taken_first_and_never_make_room():
    pool: Pool[Environment] = Pool(4, 9999)
    kept, other = (Environment(target(), provisioned=True) for _ in range(2))
    one, two = Environment(target()), Environment(target())
    for environment in (one, kept, other, two):
        pool.add(environment)
    for since, environment in enumerate((kept, one, other, two)):
        assert pool.release(environment, float(since))
    assert pool.room_for(target(OTHER)) == [one]
    assert [pool.take(target()) for _ in range(5)] == [other, kept, two, one, None]
    for environment in (kept, other):
        pool.release(environment, 9.0)
    assert pool.room_for(target(OTHER)) is None


def test_one_that_is_dismissed_at_work_is_closed_when_it_is_released():
    pool: Pool[Environment] = Pool(9, 9999)
    busy, resting = started(pool, target()), started(pool, target())
    pool.release(resting, 1.0)
    assert [pool.dismiss(busy), pool.dismiss(resting)] == [False, True]
    assert not pool.release(busy, 2.0)


def test_the_longest_unused_make_room_first():
    pool: Pool[Environment] = Pool(3, 9999)
    young, old, middle = (idle(pool, target(version=v), s) for v, s in (("1", 9.0), ("2", 1.0), ("3", 5.0)))
    assert pool.room_for(target(version="4")) == [old]
    assert len(pool) == 3
    for victim in (old,):
        pool.remove(victim)
    pool.add(Environment(target(version="4")))
    assert pool.room_for(target(version="5")) == [middle]
    assert pool.idle_since(9.5) == [young, middle]


def test_as_many_close_as_the_memory_of_the_new_one_needs():
    pool: Pool[Environment] = Pool(99, 1024)
    oldest = idle(pool, target(version="1", memory_mb=256), 1.0)
    older = idle(pool, target(version="2", memory_mb=512), 2.0)
    idle(pool, target(version="3", memory_mb=128), 3.0)
    assert pool.room_for(target(version="4", memory_mb=128)) == []
    assert pool.room_for(target(version="4", memory_mb=300)) == [oldest]
    assert pool.room_for(target(version="4", memory_mb=512)) == [oldest, older]


def test_what_is_busy_is_never_closed_for_room():
    pool: Pool[Environment] = Pool(2, 9999)
    started(pool, target())
    waiting = idle(pool, target(version="2"), 1.0)
    assert pool.room_for(target(version="3")) == [waiting]
    assert pool.take(target(version="2")) is waiting
    assert pool.room_for(target(version="3")) is None


def test_more_memory_than_there_is_has_no_room_even_if_everything_closes():
    pool: Pool[Environment] = Pool(9, 1024)
    idle(pool, target(), 1.0)
    assert pool.room_for(target(version="2", memory_mb=2048)) is None
    assert len(pool) == 1


def test_a_changed_function_closes_what_is_idle_now_and_what_is_busy_afterwards():
    pool: Pool[Environment] = Pool(9, 9999)
    busy = started(pool, target())
    waiting = idle(pool, target(generation="b"), 1.0)
    other = idle(pool, target(OTHER), 1.0)
    assert pool.retire(KEY) == [waiting]
    pool.remove(waiting)
    assert not pool.release(busy, 2.0)
    pool.remove(busy)
    assert len(pool) == 1
    assert pool.take(target(OTHER)) is other


def test_one_version_can_be_retired_alone():
    pool: Pool[Environment] = Pool(9, 9999)
    busy_1, busy_2 = started(pool, target(version="1")), started(pool, target(version="2"))
    idle_1 = idle(pool, target(version="1"), 1.0)
    idle(pool, target(version="2"), 1.0)
    assert pool.retire(KEY, "1") == [idle_1]
    assert not pool.release(busy_1, 2.0)
    assert pool.release(busy_2, 2.0)


def test_what_starts_after_a_change_is_not_outdated_by_it():
    pool: Pool[Environment] = Pool(9, 9999)
    pool.retire(KEY)
    assert pool.release(started(pool, target()), 1.0)


def test_removing_twice_changes_nothing():
    pool: Pool[Environment] = Pool(1, 128)
    environment = started(pool, target())
    pool.remove(environment)
    pool.remove(environment)
    pool.remove(Environment(target()))
    assert len(pool) == 0
    assert pool.room_for(target()) == []
    assert pool.room_for(target(memory_mb=129)) is None


def test_old_environments_are_those_that_came_back_before_a_time():
    pool: Pool[Environment] = Pool(9, 9999)
    first = idle(pool, target(), 1.0)
    idle(pool, target(version="2"), 2.0)
    started(pool, target(version="3"))
    assert pool.idle_since(1.0) == []
    assert pool.idle_since(2.0) == [first]


MOST, MEMORY_MB = 5, 1000
targets = st.builds(
    target,
    st.sampled_from([KEY, OTHER]),
    st.sampled_from("12"),
    st.sampled_from("ab"),
    st.sampled_from([128, 300, 1200]),
)


class Script(RuleBasedStateMachine):
    """Any order of calls, against a model that only remembers who is where."""

    busy: Bundle[Environment] = Bundle("busy")

    def __init__(self) -> None:
        super().__init__()
        self.pool: Pool[Environment] = Pool(MOST, MEMORY_MB)
        self.idle: list[Environment] = []
        self.working: set[Environment] = set()
        self.stale: set[Environment] = set()
        self.now = 0.0

    def closed(self, environment: Environment) -> None:
        self.pool.remove(environment)
        self.working.discard(environment)
        if environment in self.idle:
            self.idle.remove(environment)

    @rule(target=busy, what=targets)
    def invoke(self, what: Target):
        fitting = [
            e
            for e in self.idle
            if (e.target.key, e.target.version, e.target.generation)
            == (what.key, what.version, what.generation)
        ]
        taken = self.pool.take(what)
        assert taken is (fitting[-1] if fitting else None)
        if taken is not None:
            self.idle.remove(taken)
            self.working.add(taken)
            return taken
        victims = self.pool.room_for(what)
        if victims is None:
            held = [*self.working, Environment(what)]
            size = sum(e.target.configuration.memory_mb for e in held)
            assert len(held) > MOST or size > MEMORY_MB
            return multiple()
        assert victims == self.idle[: len(victims)]  # the longest unused first
        for victim in victims:
            self.closed(victim)
        environment = Environment(what)
        self.pool.add(environment)
        self.working.add(environment)
        return environment

    @rule(environment=consumes(busy))
    def come_back(self, environment: Environment):
        if environment not in self.working:
            return  # it ended meanwhile, and its user knows
        self.now += 1
        kept = self.pool.release(environment, self.now)
        assert kept == (environment not in self.stale)
        if kept:
            self.working.remove(environment)
            self.idle.append(environment)
        else:
            self.closed(environment)

    @rule(environment=busy)
    def end(self, environment: Environment):
        self.closed(environment)

    @rule(key=st.sampled_from([KEY, OTHER]), version=st.sampled_from([None, "1", "2"]))
    def change(self, key: FunctionKey, version: str | None):
        def outdated(e: Environment) -> bool:
            return e.target.key == key and version in (None, e.target.version)

        self.stale |= set(filter(outdated, self.working))
        closing = self.pool.retire(key, version)
        assert set(closing) == set(filter(outdated, self.idle))
        for environment in closing:
            self.closed(environment)

    @rule(age=st.integers(0, 5))
    def sweep(self, age: int):
        for environment in self.pool.idle_since(self.now - age):
            self.closed(environment)

    @invariant()
    def accounting_does_not_drift(self):
        held = [*self.idle, *self.working]
        assert self.pool.busy == self.working
        assert len(self.pool) == len(held) <= MOST
        for function in (KEY, OTHER):
            assert set(self.pool.of(function)) == {e for e in held if e.target.key == function}
        free = MEMORY_MB - sum(e.target.configuration.memory_mb for e in held)
        assert free >= 0
        if len(held) < MOST and free:
            assert self.pool.room_for(target(memory_mb=free)) == []
        assert self.pool.room_for(target(memory_mb=free + 1)) != []


TestScript = Script.TestCase
TestScript.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
