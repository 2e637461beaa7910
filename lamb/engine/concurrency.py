"""Who may run now: the account's pool, what functions have set aside of it, and how fast they may grow.

Bookkeeping only: time is passed in, and nothing here waits. Developer Guide, "Understanding Lambda function
scaling": reserved concurrency is taken out of the account's pool and shared by all versions of a function;
provisioned concurrency is taken out of the function's reserved concurrency, or of the pool where there is
none, and serves its version alone. What goes beyond it runs on demand, in what is left of either.
"""

from __future__ import annotations

from collections.abc import Mapping

from lamb.model.concurrency import Allotment, Reason
from lamb.model.limits import SCALING_ENVIRONMENTS, SCALING_WINDOW_S
from lamb.model.names import FunctionKey

_REFILL_PER_MS = SCALING_ENVIRONMENTS / (SCALING_WINDOW_S * 1000)


class _Share:
    """What one function may use, and what it uses."""

    __slots__ = ("at_ms", "growth", "on_demand", "provisioned", "reserved", "running", "spilled")

    def __init__(self) -> None:
        self.reserved: int | None = None
        self.provisioned: Mapping[str, int] = {}
        self.on_demand = 0
        """With reserved concurrency: what provisioned concurrency leaves of it."""
        self.running: dict[str, int] = {}
        """Version → invocations."""
        self.spilled = 0
        """Those of them that are beyond what is provisioned for their version."""
        self.growth = float(SCALING_ENVIRONMENTS)
        """Environments that may start at once."""
        self.at_ms = 0
        """When `growth` was that."""

    @property
    def taken(self) -> int:
        """What the account's pool has less because of this function."""
        return sum(self.provisioned.values()) if self.reserved is None else self.reserved


class Limits:
    """Each invocation acquires before it runs, and releases when it has run."""

    def __init__(self, account: int) -> None:
        """`account`: invocations at the same time, over all functions."""
        self._pool = account
        """For invocations on demand of functions without reserved concurrency."""
        self._used = 0
        self._shares: dict[FunctionKey, _Share] = {}

    def acquire(self, key: FunctionKey, version: str) -> Reason | None:
        """Take room for one invocation, or say why there is none; then nothing has been taken."""
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = _Share()
        running = share.running.get(version, 0)
        if running >= share.provisioned.get(version, 0):
            if share.reserved is None:
                if self._used >= self._pool:
                    return "ConcurrentInvocationLimitExceeded"
                self._used += 1
            elif share.spilled >= share.on_demand:
                return "ReservedFunctionConcurrentInvocationLimitExceeded"
            share.spilled += 1
        share.running[version] = running + 1
        return None

    def release(self, key: FunctionKey, version: str) -> None:
        """Give back what `acquire` took, whatever has been allotted since."""
        share = self._shares[key]
        running = share.running[version]
        if running > share.provisioned.get(version, 0):
            share.spilled -= 1
            if share.reserved is None:
                self._used -= 1
        if running > 1:
            share.running[version] = running - 1
        else:
            del share.running[version]

    def grow(self, key: FunctionKey, now_ms: int) -> Reason | None:
        """Take one start of an environment on demand, or say why it is too early for it.

        A thousand at once, and a hundred more each second (`SCALING_…`); what is not used does not add up.
        """
        share = self._shares.setdefault(key, _Share())
        # A clock that was set back takes nothing away.
        gained = max(0, now_ms - share.at_ms) * _REFILL_PER_MS
        share.growth, share.at_ms = min(SCALING_ENVIRONMENTS, share.growth + gained), now_ms
        if share.growth < 1:
            if share.reserved is None:
                return "FunctionInvocationRateLimitExceeded"
            return "ReservedFunctionInvocationRateLimitExceeded"
        share.growth -= 1
        return None

    def allot(self, allotment: Allotment) -> None:
        """Set a function's reserved and provisioned concurrency; what runs goes on, and counts anew."""
        share = self._shares.setdefault(allotment.key, _Share())
        self._pool += share.taken
        self._used -= share.spilled if share.reserved is None else 0
        share.reserved, share.provisioned = allotment.reserved, allotment.provisioned
        share.on_demand = (share.reserved or 0) - sum(share.provisioned.values())
        share.spilled = sum(
            max(0, running - share.provisioned.get(version, 0)) for version, running in share.running.items()
        )
        self._pool -= share.taken
        self._used += share.spilled if share.reserved is None else 0
        if not (share.running or share.provisioned) and share.reserved is None:
            del self._shares[allotment.key]  # most often a function that has been deleted

    def full(self, key: FunctionKey) -> bool:
        """Whether one more invocation on demand would be refused."""
        share = self._shares.get(key)
        if share is None or share.reserved is None:
            return self._used >= self._pool
        return share.spilled >= share.on_demand

    def running(self, key: FunctionKey, version: str) -> int:
        """Invocations of a version at this moment."""
        share = self._shares.get(key)
        return 0 if share is None else share.running.get(version, 0)

    def blocked(self, key: FunctionKey) -> bool:
        """Whether the function is stopped: its reserved concurrency is 0, and waiting will not help."""
        share = self._shares.get(key)
        return share is not None and share.reserved == 0
