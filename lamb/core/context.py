"""What every use case is given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lamb.model.concurrency import Allotment, Progress
from lamb.model.limits import CONCURRENT_EXECUTIONS, RETRY_BASE_S
from lamb.model.mapping import SourceLook
from lamb.model.names import FunctionKey, Place
from lamb.packages.shelf import Shelf
from lamb.secrets.box import Box
from lamb.secrets.keyring import Keyring
from lamb.secrets.tickets import Tickets
from lamb.store.database import Database


def _nobody(key: FunctionKey) -> None:
    """Where nothing runs there is nobody to tell."""


@dataclass
class Core:
    """The control plane of one home. Its functions are synchronous and may run in any number of threads."""

    database: Database
    shelf: Shelf
    keyring: Keyring
    require_runtime: Callable[[str], object]
    """Raises InvalidParameterValue for a runtime that this host cannot run."""
    changed: Callable[[FunctionKey], None]
    """Called after a commit: what `invoke.resolve` said of this function may be different now."""
    retired: Callable[[FunctionKey, str | None], None]
    """Called after a commit: environments of this version (None: of all versions) run what is no more."""
    allotted: Callable[[Allotment], None] = lambda _: None
    """Called after a commit: what is set aside for a function may be different now."""
    progress: Callable[[FunctionKey, str], Progress] = lambda _key, _version: Progress()
    """How far the provisioned concurrency of a version is."""
    account_concurrency: int = CONCURRENT_EXECUTIONS
    """Invocations at the same time, over all functions."""
    changing: Callable[[FunctionKey], None] = _nobody
    """Called after a commit: the function has an update in progress, and events wait for its end."""
    queued: Callable[[FunctionKey], None] = _nobody
    """Called when events of this function were put into the store by somebody else than the worker."""
    cancelled: Callable[[FunctionKey, str], None] = lambda _key, _request_id: None
    """Called after a commit: this event of the function was cancelled, and is not to be run."""
    retry_base_s: float = RETRY_BASE_S
    """Seconds before the first retry of an event whose function failed."""
    remote_services: frozenset[str] = frozenset()
    """Services whose endpoints the settings name: `sqs`, `sns`, …; theirs is what lamb would keep itself."""
    arrived: Callable[[str], None] = lambda _arn: None
    """Called after a commit, with the ARN of a local queue: there may be messages to receive."""
    credentials_changed: Callable[[], None] = lambda: None
    """Called after a commit: access keys that were good may be so no more."""
    s3_named: bool = False
    """Whether the environment names an endpoint of S3."""
    buckets: Path | None = None
    """The directory whose directories are buckets."""
    tickets: Tickets = field(default_factory=Tickets)
    """Signs links to packages."""
    look_at_source: Callable[[str], SourceLook | None] = lambda _arn: None
    """What the service of an event source elsewhere says of it; None where nobody can be asked. It may take
    seconds. Raises InvalidParameterValue for a service that does not answer."""
    box: Box = field(init=False)
    code_bytes: dict[Place, int] = field(default_factory=dict, init=False)
    """Of accounts and regions: what their zips take up at the most, where somebody has added it up."""
    storing: threading.Lock = field(default_factory=threading.Lock, init=False)
    """Held from putting a package on the shelf until a committed row names it."""
    looked: dict[FunctionKey, tuple[str, ...]] = field(default_factory=dict, init=False)
    """What `live.refresh` saw last of the directories that functions follow."""
    announcing: threading.Lock = field(default_factory=threading.Lock, init=False)
    """Held from reading what is set aside for a function until that is announced."""

    def __post_init__(self) -> None:
        self.box = Box(self.keyring)
