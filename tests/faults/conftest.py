from __future__ import annotations

from collections.abc import Callable

import pytest

from faults.talk import Talk

FIGURE = "figure"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """A figure of a soak run, shown at its end."""
    return lambda text: record_property(FIGURE, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told = [
        str(text)
        for report in terminalreporter.getreports("passed")
        for name, text in report.user_properties
        if name == FIGURE and report.when == "call"
    ]
    if told:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(told))


@pytest.fixture(autouse=True)
def hung_up():
    """No connection is left for the garbage collector to complain of in somebody else's test."""
    yield
    while Talk.made:
        Talk.made.pop().close()
