"""The tables of asynchronous events and of how a function takes them. See schema.py for the others."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)

from lamb.store.schema import function_id, metadata

# No foreign key to functions: an event outlives the function it was sent to, and says so.
events = Table(
    "events",
    metadata,
    # The order of arrival.
    Column("id", Integer, primary_key=True),
    Column("request_id", String, nullable=False, unique=True),
    Column("account", String, nullable=False),
    Column("region", String, nullable=False),
    Column("name", String, nullable=False),
    # As invoked; NULL where no qualifier was given.
    Column("qualifier", String),
    # NULL once the event has succeeded: nobody asks for it again.
    Column("payload", LargeBinary),
    Column("trace_id", String),
    # queued, succeeded, failed (a dead letter), cancelled
    Column("state", String, nullable=False),
    # The daemon run that has it in hand; a lease ends with the daemon that took it.
    Column("lease", String),
    Column("received_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("retries", Integer, nullable=False),
    Column("throttles", Integer, nullable=False),
    # Attempts in which the function ran: AWS's approximateInvokeCount.
    Column("runs", Integer, nullable=False),
    Column("condition", String),
    Column("executed_version", String),
    Column("error", String),
    sqlite_autoincrement=True,
)

# What is still to be run, a function at a time, in the order in which it is due. Partial: what is over
# costs it nothing, and a backlog of a million is as quick to take from as one of ten. (The migrations say
# so of PostgreSQL, too; here, each daemon would load that dialect for it when it starts.)
Index(
    "events_open",
    *(events.c[name] for name in ("account", "region", "name", "due_ms", "id")),
    sqlite_where=text("state = 'queued'"),
)
# The oldest of what succeeded goes when enough is kept.
Index(
    "events_succeeded",
    events.c.id,
    sqlite_where=text("state = 'succeeded'"),
)
Index(
    "events_dead",
    *(events.c[name] for name in ("account", "region", "name", "id")),
    sqlite_where=text("state = 'failed'"),
)

event_invoke_configs = Table(
    "event_invoke_configs",
    metadata,
    function_id(),
    # `$LATEST`, a version or an alias.
    Column("qualifier", String, primary_key=True),
    Column("retries", Integer),
    Column("max_age_s", Integer),
    Column("on_success", String),
    Column("on_failure", String),
    Column("last_modified_ms", BigInteger, nullable=False),
)

provisioned = Table(
    "provisioned_concurrency",
    metadata,
    function_id(),
    # A version or an alias.
    Column("qualifier", String, primary_key=True),
    Column("requested", Integer, nullable=False),
    Column("last_modified_ms", BigInteger, nullable=False),
)

# What was counted of one function in one minute: written now and then, not with each invocation.
metrics = Table(
    "metrics",
    metadata,
    Column("account", String, primary_key=True),
    Column("region", String, primary_key=True),
    Column("name", String, primary_key=True),
    # Minutes since the epoch; 0 has the sum of all there ever were, also of those that are no longer kept.
    Column("minute", Integer, primary_key=True),
    # JSON, see lamb/logs/counts.py.
    Column("counts", String, nullable=False),
)
Index("metrics_by_minute", metrics.c.minute)

# One row: how this home's time goes, where somebody set it going.
clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("from_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("scale", Float, nullable=False),
)
