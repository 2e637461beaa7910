"""What the API needs of the daemon: the one seam between translating requests and carrying them out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from lamb.core.context import Core
from lamb.core.log_groups import LogGroup
from lamb.logs.chunks import Stream
from lamb.logs.journal import Entry, Group
from lamb.logs.pages import Found, Key, Wanted
from lamb.model import policy
from lamb.model.credentials import Credential, RoleSession
from lamb.model.invocation import Event, Outcome
from lamb.model.mapping import MappingKey
from lamb.model.names import FunctionKey, Place, Reference
from lamb.store.group import GroupCommit

T = TypeVar("T")

Callers = Literal["owner", "signed", "anyone"]
"""Who a listener is for: the owner of this home, who signs with a key that is known, or whoever comes."""


class LogQuery(NamedTuple):
    """Which log entries of one function are wanted."""

    follow: bool = False
    """Go on with new entries after the history; ends when the function is deleted or lamb stops."""
    since_ms: int | None = None
    """Entries at or after this time (milliseconds since the epoch); None: from the beginning."""
    request_id: str | None = None
    """Only this invocation; a following query ends when it has ended."""
    grep: str | None = None
    """Only entries whose message contains this text."""


class Events(Protocol):
    """Asynchronous events, and the time they wait by."""

    async def accept(self, reference: Reference, event: Event) -> None:
        """Keep an asynchronous event; it is durable when this returns, and is run from then on.

        Raises ResourceNotFound, ResourceConflict, HomeUnusable.
        """
        ...

    async def emptied(self, key: FunctionKey, timeout_s: float) -> bool:
        """Wait until no event of the function waits or runs; False when `timeout_s` has passed."""
        ...

    def clock(self) -> Mapping[str, Any]:
        """`Now` of this home, `AheadMs` of the machine's time, `Scale`."""
        ...

    async def set_clock(self, *, advance_ms: int, scale: float | None, reset: bool) -> None:
        """Move the time of this home; what is due then runs. Raises InvalidParameterValue, HomeUnusable."""
        ...


class Credentials(Protocol):
    """Access keys of the owner, and credentials of functions and of sessions."""

    async def find(self, key_id: str, token: str | None) -> Credential:
        """Those with this access key id; never touches a thread or the database when known.

        Raises UnrecognizedClient, KMSAccessDenied, KMSNotFound, HomeUnusable.
        """
        ...

    async def require(self, session: RoleSession, ask: policy.Ask, *, by_default: bool) -> None:
        """Raise AccessDenied unless the role may do this; never touches the database when the role is known.

        `by_default`: whether a role that is not stored may.
        """
        ...

    def forget(self) -> None:
        """Roles, or their policies, have changed: what was known of them is read anew."""
        ...


class Port(NamedTuple):
    """One that is open for AWS's API."""

    number: int
    signed: bool
    """Whether requests have to be signed."""


class Provisioned(Protocol):
    """Environments that are started ahead."""

    async def settled(self, key: FunctionKey, version: str, timeout_s: float) -> bool:
        """Wait until those of a version are no longer in progress; False when `timeout_s` has passed."""
        ...


class Mappings(Protocol):
    """Event source mappings on their way from state to state."""

    async def settled(self, key: MappingKey, timeout_s: float) -> bool:
        """Wait until a mapping is enabled, disabled or gone; False when `timeout_s` has passed."""
        ...


class Arrivals(Protocol):
    """Waiting for what a local queue gets, by the queue's ARN."""

    def seen(self, arn: str) -> int:
        """How often something was announced so far. Ask before looking into the queue."""
        ...

    def announce(self, arn: str) -> None:
        """Messages were committed that may be received: whoever waits looks again."""
        ...

    async def wait(self, arn: str, seen: int, until_ms: int) -> None:
        """Until something is announced that `seen` had not counted, or it is `until_ms` by the home's clock.

        May come back early; whoever waits looks again anyway.
        """
        ...

    @property
    def closed(self) -> bool:
        """The daemon is stopping: nobody waits any more."""
        ...


class Logbook(Protocol):
    """Log groups and what is in them. Times are the machine's, in milliseconds since the epoch."""

    def now_ms(self) -> int: ...

    async def get(self, group: Group) -> LogGroup:
        """With the streams that somebody made. Raises GroupNotFound."""
        ...

    async def names(self, place: Place) -> Sequence[str]:
        """Of all groups of an account and region, in order."""
        ...

    async def named(self, place: Place, names: Sequence[str]) -> Sequence[LogGroup]:
        """Those of these names."""
        ...

    async def create(self, group: Group, tags: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        """Raises GroupExists."""
        ...

    async def change(self, work: Callable[..., None], group: Group, *args: Any) -> None:
        """Call `work(core, group, about, *args)`, a function of `core.log_groups`, in the pool."""
        ...

    async def delete(self, group: Group) -> None:
        """With all its entries. Raises GroupNotFound, DeletionProtected."""
        ...

    async def streams(self, group: LogGroup) -> Mapping[str, Stream]:
        """Those that have entries."""
        ...

    async def delete_stream(self, group: Group, name: str) -> None:
        """With all its entries. Raises GroupNotFound, StreamNotFound."""
        ...

    async def after(
        self, group: LogGroup, wanted: Wanted, key: Key, limit: int
    ) -> tuple[Sequence[Found], bool]:
        """The first entries behind `key`, in the order of time, and whether more of them come."""
        ...

    async def before(
        self, group: LogGroup, wanted: Wanted, key: Key, limit: int
    ) -> tuple[Sequence[Found], bool]:
        """The last entries in front of `key`, in the order of time, and whether there are more."""
        ...

    async def put(self, group: Group, entries: Sequence[Entry]) -> None:
        """Durable when this returns. Raises HomeUnusable."""
        ...

    async def expire(self, group: LogGroup) -> None:
        """Remove what is older than the group keeps it."""
        ...

    def tail(self, groups: Sequence[Group], wanted: Wanted) -> AsyncIterator[Sequence[tuple[Group, Entry]]]:
        """What groups get from now on, once a second, for ever."""
        ...


class Backlog(NamedTuple):
    """Asynchronous events of one function that are not over."""

    waiting: int
    running: int


class Services(Protocol):
    """Built once by the daemon. Everything here is called on the event loop."""

    @property
    def core(self) -> Core:
        """The control plane; synchronous, reached through `run`."""
        ...

    @property
    def events(self) -> Events:
        """Asynchronous invocation."""
        ...

    @property
    def group(self) -> GroupCommit:
        """Commits of many callers at once."""
        ...

    @property
    def arrivals(self) -> Arrivals:
        """Who waits for messages of local queues."""
        ...

    @property
    def logbook(self) -> Logbook:
        """Log groups."""
        ...

    @property
    def provisioned(self) -> Provisioned:
        """Provisioned concurrency."""
        ...

    @property
    def mappings(self) -> Mappings:
        """Event source mappings."""
        ...

    @property
    def place(self) -> Place:
        """Account and region of callers that name none."""
        ...

    @property
    def served_port(self) -> int | None:
        """A TCP port that serves AWS's routes to everybody on this machine; None while none does."""
        ...

    @property
    def credentials(self) -> Credentials:
        """What requests are signed with."""
        ...

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work` in the small thread pool of the control plane."""
        ...

    async def run_apart(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work` in threads of its own: it may have to wait for another host."""
        ...

    async def invoke(self, reference: Reference, event: Event, seed: int | None) -> Outcome:
        """Resolve, pick a version and run it; never touches a thread or the database when cached.

        `seed` makes the draw between an alias's two versions repeatable. Raises ResourceNotFound,
        ResourceConflict, TooManyRequests, EnvironmentStartFailed, SandboxRefused and the KMS family.
        A function that failed is an Outcome, not an error.
        """
        ...

    def cancel(self, request_id: str) -> bool:
        """End an invocation and its environment now; False when it does not run (any more)."""
        ...

    async def check(self, reference: Reference) -> None:
        """DryRun: raise what `invoke` would raise before anything runs."""
        ...

    def move_messages(self, task_id: int) -> None:
        """Go on with a message move task, in the background."""
        ...

    def settle_soon(self, key: FunctionKey | MappingKey) -> None:
        """Move Pending, InProgress and Creating on, after the answer that showed them has been sent."""
        ...

    async def settled(self, reference: Reference, timeout_s: float) -> bool:
        """Wait until nothing is Pending or InProgress; False when `timeout_s` has passed."""
        ...

    def logs(self, reference: Reference, query: LogQuery) -> AsyncIterator[Mapping[str, Any]]:
        """Entries `{"timestamp": ms, "stream": …, "requestId": …, "message": …}` in order, from the log
        group that this version of the function writes to.

        Empty mappings may come in between and mean nothing. A follower is cancelled when its caller
        hangs up, and ends when lamb stops.
        """
        ...

    async def measured(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work(core, unwritten, *args)`, a function of `core.metrics`, in the pool."""
        ...

    async def backlog(self, of: FunctionKey | None = None) -> Mapping[FunctionKey, Backlog]:
        """What is waiting and running of asynchronous events, of one function or of all; those without any
        may be missing."""
        ...

    async def runtimes(self) -> list[Mapping[str, Any]]:
        """What `lamb runtimes` shows: `name`, `version` and `path` (None: not found), `fix`."""
        ...

    async def doctor(self) -> Mapping[str, Any]:
        """What `lamb doctor` shows: each wall, whether it stands, and the fix."""
        ...

    async def listen(self, port: int, *, signed: bool) -> Port:
        """Serve AWS's routes on 127.0.0.1 as well; 0 takes any free port. The port that it is."""
        ...

    def ports(self) -> list[Port]:
        """Those that `listen` opened."""
        ...

    async def unlisten(self, port: int) -> None:
        """Close a port that `listen` opened; any other is left alone."""
        ...

    def health(self) -> Mapping[str, Any]:
        """`version`, `pid`, `home`, `uptimeMs` and what else the daemon knows of itself."""
        ...

    def stop(self) -> None:
        """Answer nothing new, let what runs end, and exit."""
        ...
