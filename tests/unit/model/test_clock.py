from __future__ import annotations

import pytest

from lamb.model.clock import Course, HomeClock, ManualClock


def test_a_home_has_the_machine_s_time_unless_told_otherwise():
    machine = ManualClock()
    clock = HomeClock(machine)
    machine.advance(seconds=7)
    assert clock.now_ms() == machine.ms


def test_time_set_ahead_goes_on_from_there():
    machine = ManualClock()
    clock = HomeClock(machine)
    clock.course = clock.course.changed(machine.ms, advance_ms=21_600_000)
    machine.advance(seconds=1)
    assert clock.now_ms() == machine.ms + 21_600_000


def test_a_scale_makes_time_go_faster_and_never_jump():
    machine = ManualClock()
    clock = HomeClock(machine)
    machine.advance(seconds=100)
    before = clock.now_ms()
    clock.course = clock.course.changed(machine.ms, scale=60)
    assert clock.now_ms() == before
    machine.advance(seconds=1)
    assert clock.now_ms() == before + 60_000
    clock.course = clock.course.changed(machine.ms, scale=1)
    machine.advance(seconds=1)
    assert clock.now_ms() == before + 61_000


@pytest.mark.parametrize(("scale", "real_s"), [(1, 60.0), (60, 1.0), (0.5, 120.0)])
def test_a_wait_is_as_long_as_the_scale_makes_it(scale, real_s):
    machine = ManualClock()
    clock = HomeClock(machine, Course().changed(machine.ms, scale=scale))
    assert clock.real_s(clock.now_ms() + 60_000) == pytest.approx(real_s)
    assert clock.real_s(clock.now_ms() - 1) == 0
