"""The events of one function that are at hand, and how many of them run at once: bookkeeping only.

Nothing here waits, reads or writes. `worker.py` carries out what a lane says.
"""

from __future__ import annotations

from collections import deque

from lamb.model.events import QueuedEvent
from lamb.store.events import Claimed

CLAIM = 64
"""Events taken from the store at once."""
_AT_HAND_MAX = 256
_AT_HAND_MAX_BYTES = 4 << 20
"""Of payloads: what is beyond it stays in the store until there is room."""
_IDLE, _BUSY = 0.2, 0.05
"""Shares of the processors that are idle."""


class Lane:
    """At most `window` events of one function run at once; the window grows while events have to wait."""

    def __init__(self, least: int, most: int) -> None:
        self.running = 0
        self.settling = 0
        """Events that have run; what became of them is being written."""
        self.held = False
        """An update is in progress: nothing starts until it has settled."""
        self.behind = False
        """The store may have events that are due."""
        self.next_due_ms: int | None = None
        """When the next event of those in the store is due, as far as is known."""
        self.claiming = False
        self._least = least
        self._most = most
        self._window = least
        self._ready: deque[QueuedEvent] = deque()
        self._bytes = 0
        self._storing = 0
        """Events on their way to the store, for us or for nobody in particular."""
        self._outside = 0
        """Those for nobody in particular."""
        self._missed = 0
        """Those which the claim under way may not have seen."""
        self._dropped: set[str] = set()
        """Those that are over before they have arrived here."""

    # ------------------------------------------------------------------ arrivals

    def takes(self, event: QueuedEvent) -> bool:
        """Whether a new event may stay in memory when it is stored: nothing older waits outside."""
        return (
            not self.behind
            and not self.claiming
            and len(self._ready) < _AT_HAND_MAX
            and self._bytes + len(event.payload) <= _AT_HAND_MAX_BYTES
        )

    def storing(self, *, ours: bool) -> None:
        """An event is on its way to the store."""
        self._storing += 1
        if not ours:
            self._outside += 1
            self._missed += 1

    def stored(self, event: QueuedEvent | None, *, ours: bool) -> None:
        """It has arrived there; None where it could not."""
        self._storing -= 1
        if not ours:
            self._outside -= 1
            self.behind = True
        elif event is not None:
            self._offer(event)
        self._forget_dropped()

    def drop(self, request_id: str) -> None:
        """The event is over: it does not start any more. One that runs is not interrupted."""
        for event in self._ready:
            if event.request_id == request_id:
                self._ready.remove(event)
                self._bytes -= len(event.payload)
                return
        self._dropped.add(request_id)
        self._forget_dropped()

    def put_outside(self) -> None:
        """Somebody else has put an event into the store, or is about to commit it."""
        self.behind = True
        self._missed += 1

    def due(self, at_ms: int) -> None:
        """An event in the store is due at that time."""
        if self.next_due_ms is None or at_ms < self.next_due_ms:
            self.next_due_ms = at_ms

    # ------------------------------------------------------------------ work

    @property
    def willing(self) -> bool:
        """Whether an event may start, if there is room."""
        if self.held or not self._ready or self.running >= self._window:
            return False
        # One more than may run, for the time that it takes to write: a kill has all of them run twice.
        return self.running + self.settling <= self._window

    def start(self, *, room: bool) -> QueuedEvent | None:
        """The event to run now; it counts as running until `ended`.

        Where there is no room, one is run all the same: what it meets with is the reason to wait.
        """
        if not self.willing or (self.running and not room):
            return None
        event = self._ready.popleft()
        self._bytes -= len(event.payload)
        self.running += 1
        return event

    def ended(self) -> None:
        """The next one may run; what became of this one is still to be written."""
        self.running -= 1
        self.settling += 1

    def settled(self) -> None:
        """It is durable, what became of an event that had `ended`."""
        self.settling -= 1
        if self.empty:
            self._window = self._least

    @property
    def crowded(self) -> bool:
        """Events wait only because of the window."""
        return bool(self._ready) and not self.held and self._window <= self.running

    def adjust(self, idle_share: float) -> None:
        """Events have waited for a while. Twice as many may run where processors are idle: what runs waits
        for something else. Fewer, where they are not: more at once would be slower, and time out."""
        if idle_share >= _IDLE:
            self._window = min(self._window * 2, self._most)
        elif idle_share < _BUSY:
            self._window = max(self._least, self._window * 3 // 4)

    def shrink(self) -> None:
        """There is no room for as many as we tried."""
        self._window = max(self._least, min(self._window, self.running))

    # ------------------------------------------------------------------ claims

    def wants(self) -> int:
        """How many events to claim now; 0 for none. It counts as claiming until `claimed`."""
        if not self.behind or self.claiming or self.held or len(self._ready) > CLAIM // 2:
            return 0
        self.claiming = True
        self._missed = self._outside
        # The claim will tell. What becomes due while it is under way is told beside it.
        self.next_due_ms = None
        return CLAIM

    def claimed(self, found: Claimed, wanted: int) -> None:
        """What came of the claim. With fewer than were wanted, the store has no more that are due."""
        self.claiming = False
        for event in found.events:
            self._offer(event)
        self.behind = len(found.events) == wanted or self._missed > 0
        if found.next_due_ms is not None and not self.behind:
            self.due(found.next_due_ms)
        self._forget_dropped()

    @property
    def empty(self) -> bool:
        """Nothing runs, waits, or is known to come."""
        at_work = self.running or self.settling or self.claiming or self._storing
        return not at_work and not self._ready and not self.behind and self.next_due_ms is None

    @property
    def waiting(self) -> int:
        """Events at hand that do not run yet."""
        return len(self._ready)

    def _offer(self, event: QueuedEvent) -> None:
        if event.request_id in self._dropped:
            return
        self._ready.append(event)
        self._bytes += len(event.payload)

    def _forget_dropped(self) -> None:
        if not self.claiming and not self._storing:
            self._dropped.clear()  # nothing is on its way here
