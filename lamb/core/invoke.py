"""Which version an invocation runs."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from lamb.core import event_configs, found, variables
from lamb.core.context import Core
from lamb.model.events import EventPlan
from lamb.model.invocation import Target
from lamb.model.names import LATEST, Reference
from lamb.store.database import Tx
from lamb.store.versions import Record


class Route(NamedTuple):
    """What a reference stands for, until the function changes."""

    primary: Target
    additional: Target | None = None
    weight: float = 0.0
    """Probability of `additional`."""
    plan: EventPlan = EventPlan()
    """How asynchronous events for this reference are taken."""

    @property
    def live(self) -> bool:
        """Whether the code is that of a directory, which may have changed since."""
        return any(target.configuration.live for target in (self.primary, self.additional) if target)

    def pick(self, draw: float) -> Target:
        """`draw`: uniform in [0, 1)."""
        if self.additional is not None and draw < self.weight:
            return self.additional
        return self.primary


def resolve(core: Core, ref: Reference) -> Route:
    """Cached by the caller until `core.changed`.

    Raises ResourceNotFound, ResourceConflict for a function that is not active, HomeUnusable.
    """
    with core.database.reading() as tx:
        records, weight = _records(tx, ref)
        plan = event_configs.plan(core, tx, records[0].function.id, ref.qualifier)
    for record in records:
        found.refuse_inactive(record)
    targets = [_target(core, record) for record in records]
    return Route(targets[0], targets[1] if len(targets) > 1 else None, weight, plan)


def _records(tx: Tx, ref: Reference) -> tuple[list[Record], float]:
    """The version behind a reference, or the two behind an alias and the second one's weight."""
    label = ref.qualifier or LATEST
    if found.number_of(label) is not None:
        return [found.version(tx, ref.key, label)], 0.0
    alias = found.alias(tx, found.function(tx, ref.key, ref.effective_arn), label)
    if alias is None:
        raise found.not_found(ref.effective_arn)
    labels = [alias.version, *alias.additional]
    return [found.version(tx, ref.key, each) for each in labels], sum(alias.additional.values())


def _target(core: Core, record: Record) -> Target:
    version = record.version
    return Target(
        key=version.key,
        version=version.label,
        generation=_generation(record),
        configuration=version.configuration,
        code=core.shelf.unpack(version.configuration.code_sha256),
        open_variables=variables.opener(core, record),
        opt=core.shelf.combine([layer.code_sha256 for layer in version.configuration.layers]),
        stops_loops=record.function.recursive_loop != "Allow",
    )


def _generation(record: Record) -> str:
    """The same as long as the same function would run: tags, revisions, states and keys have no say."""
    what_runs = (
        record.function.id,
        record.version.configuration._asdict(),
        record.sealed and record.sealed.id,
    )
    return hashlib.sha256(json.dumps(what_runs, sort_keys=True).encode()).hexdigest()[:32]
