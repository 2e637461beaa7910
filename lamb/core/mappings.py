"""Event source mappings: made, shown, listed, changed, deleted; and how they settle.

What reads the sources and invokes the functions asks here for the mappings that are enabled.
"""

from __future__ import annotations

import uuid

from lamb.core import found, pages
from lamb.core import tags as tag_rules
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model import mapping_rules as rules
from lamb.model.errors import InvalidParameterValue, ResourceConflict, ResourceInUse, ResourceNotFound
from lamb.model.limits import MAPPINGS_PAGE_MAX
from lamb.model.mapping import (
    CREATING,
    DELETING,
    DISABLED,
    DISABLING,
    ENABLED,
    ENABLING,
    UPDATING,
    EventSourceMapping,
    MappingKey,
    MappingRequest,
    SourceLook,
)
from lamb.model.names import Place, Reference, parse_reference
from lamb.model.queue import parse_arn
from lamb.model.queue_errors import QueueDoesNotExist
from lamb.model.requests import Page
from lamb.model.source_kinds import SQS, SourceKind, kind_of
from lamb.store import mappings as rows
from lamb.store.database import Tx

_NO_QUEUE = (
    "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
    "SQS Error Message: The specified queue does not exist."
)
_ALL = 1 << 31


# ------------------------------------------------------------------ create, change, delete


def create(core: Core, place: Place, request: MappingRequest) -> EventSourceMapping:
    """A new mapping, Creating until `settle`. Raises InvalidParameterValue, ResourceConflict."""
    kind = kind_of(request.source_arn, request.settings)
    key = MappingKey(place.account, place.region, str(uuid.uuid4()))
    settings = rules.created(kind, request.source_arn, request.settings, key.uuid)
    refuse_broken_text(settings, request.tags, request.source_arn)
    tag_rules.refuse_unusable(request.tags)
    function = parse_reference(request.function or "", place)
    enabled = request.enabled is not False
    # A queue that is not to be read has nothing to get ready.
    state = DISABLED if kind is SQS and not enabled else CREATING
    mapping = EventSourceMapping(key, function, request.source_arn, enabled, state, settings, request.tags)
    mapping = mapping._replace(last_result=kind.first_result)
    with core.database.reading() as tx:
        _refuse_unusable_function(tx, function)
    look = _look(core, kind, mapping)
    with core.database.transaction() as tx:
        _refuse_unusable_source(core, tx, kind, mapping, look)
        _refuse_taken(tx, kind, mapping)
        return rows.add(tx, mapping)


def update(core: Core, key: MappingKey, request: MappingRequest) -> EventSourceMapping:
    """Change what is given. Updating, Enabling or Disabling until `settle`.

    Raises ResourceNotFound, ResourceInUse, InvalidParameterValue, ResourceConflict.
    """
    place = Place(key.account, key.region)
    with core.database.transaction() as tx:
        before = _changeable(tx, key, "update")
        kind = kind_of(before.source_arn, before.settings)
        function = before.function if request.function is None else parse_reference(request.function, place)
        settings = rules.updated(kind, before.source_arn, before.settings, request.settings)
        refuse_broken_text(settings)
        if request.function is not None:
            _refuse_unusable_function(tx, function)
        enabled = before.enabled if request.enabled is None else request.enabled
        state = UPDATING if enabled == before.enabled else ENABLING if enabled else DISABLING
        after = before._replace(function=function, settings=settings, enabled=enabled, state=state)
        # The function may be gone, and a mapping that is to be disabled needs none.
        if _is_there(tx, function):
            _refuse_unusable_source(core, tx, kind, after)
        _refuse_taken(tx, kind, after)
        return rows.change(tx, after)


def delete(core: Core, key: MappingKey) -> EventSourceMapping:
    """Deleting until `settle`. Raises ResourceNotFound, ResourceInUse."""
    with core.database.transaction() as tx:
        return rows.change(tx, _changeable(tx, key, "delete")._replace(state=DELETING))


def unsettled(core: Core) -> list[MappingKey]:
    """Mappings that a daemon left on their way when it was killed."""
    with core.database.reading() as tx:
        return rows.unsettled(tx)


def settle(core: Core, key: MappingKey) -> None:
    """Creating, Updating, Enabling, Disabling → Enabled or Disabled; Deleting → gone. Raises HomeUnusable."""
    with core.database.transaction() as tx:
        mapping = rows.find(tx, key)
        if mapping is None or mapping.settled:
            return
        if mapping.state == DELETING:
            rows.delete(tx, mapping)
        else:
            rows.change(tx, mapping._replace(state=ENABLED if mapping.enabled else DISABLED))


# ------------------------------------------------------------------ read


def get(core: Core, key: MappingKey) -> EventSourceMapping:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return _found(tx, key)


def list_mappings(
    core: Core, place: Place, page: Page, *, source_arn: str | None = None, function: Reference | None = None
) -> tuple[list[EventSourceMapping], str | None]:
    """In the order in which they were made, with the NextMarker. A function that is gone is no error."""
    (after,) = pages.start(page, [0])
    with core.database.reading() as tx:
        most = pages.size(page, MAPPINGS_PAGE_MAX)
        listed = rows.page(tx, place, after, most + 1, source_arn=source_arn, function=function)
    return pages.cut_at(listed, most, lambda mapping: [mapping.number])


def uuids(core: Core, place: Place) -> list[str]:
    """Of all mappings."""
    with core.database.reading() as tx:
        return [mapping.key.uuid for mapping in rows.page(tx, place, 0, _ALL)]


# ------------------------------------------------------------------ checks


def _found(tx: Tx, key: MappingKey) -> EventSourceMapping:
    mapping = rows.find(tx, key)
    if mapping is None:
        raise ResourceNotFound
    return mapping


def _changeable(tx: Tx, key: MappingKey, verb: str) -> EventSourceMapping:
    mapping = _found(tx, key)
    if not mapping.settled:
        raise ResourceInUse(f"Cannot {verb} the event source mapping because it is in use.")
    return mapping


def _refuse_unusable_function(tx: Tx, function: Reference) -> None:
    if not _is_there(tx, function):
        raise InvalidParameterValue("Function does not exist")


def _is_there(tx: Tx, function: Reference) -> bool:
    try:
        found.timeout_s(tx, function)
    except ResourceNotFound:
        return False
    return True


def _look(core: Core, kind: SourceKind, mapping: EventSourceMapping) -> SourceLook | None:
    """What the source's own service says, where that is not this home."""
    if mapping.source_arn is None or (kind is SQS and "sqs" not in core.remote_services):
        return None
    return core.look_at_source(mapping.source_arn)


def _refuse_unusable_source(
    core: Core, tx: Tx, kind: SourceKind, mapping: EventSourceMapping, look: SourceLook | None = None
) -> None:
    visibility_s = None
    if look is not None:
        if not look.exists:
            raise InvalidParameterValue(
                _NO_QUEUE if kind is SQS else f"Stream not found: {mapping.source_arn}"
            )
        visibility_s = look.visibility_s
    elif kind is SQS and "sqs" not in core.remote_services:
        visibility_s = _local_visibility_s(tx, mapping.source_arn or "")
    if visibility_s is not None:
        rules.refuse_short_visibility(visibility_s, found.timeout_s(tx, mapping.function))


def _local_visibility_s(tx: Tx, arn: str) -> int:
    try:
        return found.queue(tx, parse_arn(arn)).number("VisibilityTimeout")
    except QueueDoesNotExist:
        raise InvalidParameterValue(
            _NO_QUEUE,
            hint="`lamb queue create` makes one here; AWS_ENDPOINT_URL_SQS names a real service",
        ) from None


def _refuse_taken(tx: Tx, kind: SourceKind, mapping: EventSourceMapping) -> None:
    """One source gives its records to one function once; topics of a cluster are sources of their own."""
    place = Place(mapping.key.account, mapping.key.region)
    others = rows.page(tx, place, 0, _ALL, source_arn=mapping.source_arn, function=mapping.function)
    for other in others:
        parts = ("Topics", "Queues", "DocumentDBEventSourceConfig", "SelfManagedEventSource")
        if other.key == mapping.key or other.source_arn != mapping.source_arn:
            continue
        if any(other.settings.get(part) != mapping.settings.get(part) for part in parts):
            continue
        pair = f'(" {mapping.source_arn} ") and function (" {mapping.function.key.name} ")'
        again = f"Please update or delete the existing mapping with UUID {other.key.uuid}"
        if kind is SQS:
            raise ResourceConflict(f"An event source mapping with SQS arn {pair} already exists. {again}")
        raise ResourceConflict(f"The event source arn {pair} provided mapping already exists. {again}")
