"""What was counted of functions, asked of the daemon."""

from __future__ import annotations

from typing import Any

from lamb.client.session import Session
from lamb.client.transport import query, quote


class Counters:
    """A part of the client. Times are those of the home's clock, in AWS's names and milliseconds."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, name: str, **span: int | None) -> dict[str, Any]:
        """`Invocations`, `Errors`, `Duration`, …, in sum and at `Datapoints`; see lamb.api.stats.

        `span`: `since_ms` (a time) or `last_ms` (so long until now; an hour by default), and into how many
        `points` it is cut at most.
        """
        return self._session.json("GET", f"/_lamb/stats/{quote(name)}{_query(span)}")

    def all(self, **span: int | None) -> list[dict[str, Any]]:
        """The same of every function, by name."""
        found: list[dict[str, Any]] = self._session.json("GET", f"/_lamb/stats{_query(span)}")["Functions"]
        return found


def _query(span: dict[str, int | None]) -> str:
    return query({name: None if value is None else str(value) for name, value in span.items()})
