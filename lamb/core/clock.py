"""How a home's time goes: kept, so that nothing falls back when a daemon starts anew."""

from __future__ import annotations

from lamb.core.context import Core
from lamb.model.clock import REAL, Course, HomeClock
from lamb.model.errors import InvalidParameterValue
from lamb.store import clock as rows

SCALE_MAX = 100_000.0
ADVANCE_MAX_MS = 10 * 366 * 86_400_000


def take_up(core: Core, clock: HomeClock, scale: float) -> None:
    """Go on as the last daemon did; `scale`: what the settings say, 1 for nothing in particular."""
    with core.database.reading() as tx:
        course = rows.load(tx)
    if course is not None:
        clock.course = course
    if scale not in (1, clock.course.scale):
        change(core, clock, scale=scale)


def change(core: Core, clock: HomeClock, *, advance_ms: int = 0, scale: float | None = None) -> Course:
    """Set time ahead, or make it go faster or slower. Raises InvalidParameterValue, HomeUnusable."""
    if not 0 <= advance_ms <= ADVANCE_MAX_MS:
        raise InvalidParameterValue(
            "A home's time is set ahead by 0 to 10 years; `lamb clock --reset` goes back"
        )
    if scale is not None and not 0 < scale <= SCALE_MAX:
        raise InvalidParameterValue(
            f"A time scale is a number above 0, and {SCALE_MAX:g} at the most, not {scale:g}"
        )
    return _set(core, clock, clock.course.changed(clock.machine.now_ms(), advance_ms=advance_ms, scale=scale))


def reset(core: Core, clock: HomeClock) -> Course:
    """The machine's time again."""
    return _set(core, clock, REAL)


def _set(core: Core, clock: HomeClock, course: Course) -> Course:
    with core.database.transaction() as tx:
        rows.save(tx, course)
    clock.course = course
    return course
