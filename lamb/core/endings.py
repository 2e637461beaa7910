"""How asynchronous events end: with all that their ends lead to, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from lamb.core import destinations
from lamb.core.context import Core
from lamb.model.errors import LambError
from lamb.model.events import Delivery, Ending
from lamb.store import events as rows
from lamb.store.database import Tx


def end(core: Core, tx: Tx, endings: Sequence[Ending]) -> list[list[Delivery]]:
    """Events are over, with all that their ends lead to here; for each, the deliveries that failed."""
    leading = [ending.event.request_id for ending in endings if ending.deliveries]
    still_open = rows.still_open(tx, leading) if leading else set()
    failed: list[list[Delivery]] = []
    for ending in endings:
        mine = []
        for delivery in ending.deliveries:
            if ending.event.request_id in still_open:
                try:
                    destinations.deliver(core, tx, delivery)
                except LambError:
                    mine.append(delivery)
        failed.append(mine)
    rows.end_many(tx, endings)
    return failed
