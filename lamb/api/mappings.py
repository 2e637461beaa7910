"""Event source mappings."""

from __future__ import annotations

from typing import Any

from lamb.api.messages import Call, Reply, Response, json_response
from lamb.api.own import Ask
from lamb.core import mappings
from lamb.model.mapping import EventSourceMapping, MappingKey, MappingRequest
from lamb.model.names import parse_reference
from lamb.model.source_kinds import kind_of

# All others are settings, and are kept as they are given.
_OWN = frozenset({"UUID", "FunctionName", "EventSourceArn", "Enabled", "Tags"})
_WAIT_MAX_S = 60.0


def create(call: Call) -> Reply:
    return _reply(mappings.create(call.core, call.place, _request(call)))


def update(call: Call) -> Reply:
    return _reply(mappings.update(call.core, _key(call), _request(call)))


def delete(call: Call) -> Reply:
    return _reply(mappings.delete(call.core, _key(call)))


def get(call: Call) -> Reply:
    return _reply(mappings.get(call.core, _key(call)))


def list_all(call: Call) -> Reply:
    name = call.members.get("FunctionName")
    found, marker = mappings.list_mappings(
        call.core,
        call.place,
        call.page(),
        source_arn=call.members.get("EventSourceArn"),
        function=None if name is None else parse_reference(name, call.place),
    )
    listed = [_listed(mapping) for mapping in found]
    return Reply({"EventSourceMappings": listed, **({"NextMarker": marker} if marker else {})})


async def settled(ask: Ask) -> Response:
    """Wait for at most `timeout_ms` until a mapping is enabled, disabled or gone."""
    key = MappingKey(ask.place.account, ask.place.region, ask.params["uuid"])
    wanted_ms = ask.argument("timeout_ms")
    timeout_s = _WAIT_MAX_S if wanted_ms is None else min(wanted_ms / 1000, _WAIT_MAX_S)
    return json_response({"Settled": await ask.services.mappings.settled(key, timeout_s)})


def _key(call: Call) -> MappingKey:
    return MappingKey(call.place.account, call.place.region, call.members["UUID"])


def _request(call: Call) -> MappingRequest:
    members = call.members
    return MappingRequest(
        function=members.get("FunctionName"),
        settings={name: value for name, value in members.items() if name not in _OWN},
        source_arn=members.get("EventSourceArn"),
        enabled=members.get("Enabled"),
        tags=members.get("Tags", {}),
    )


def _reply(mapping: EventSourceMapping) -> Reply:
    return Reply(_document(mapping), settle=None if mapping.settled else mapping.key)


def _listed(mapping: EventSourceMapping) -> dict[str, Any]:
    """What a key of the user's encrypts is not in lists."""
    document = _document(mapping)
    if "KMSKeyArn" in document:
        document.pop("FilterCriteria", None)
    return document


def _document(mapping: EventSourceMapping) -> dict[str, Any]:
    document: dict[str, Any] = {
        "UUID": mapping.key.uuid,
        "EventSourceMappingArn": mapping.key.arn,
        "FunctionArn": mapping.function.arn,
        **mapping.settings,
        "LastModified": mapping.last_modified_ms / 1000,
        "State": mapping.state,
        "StateTransitionReason": kind_of(mapping.source_arn, mapping.settings).reason,
    }
    if mapping.source_arn is not None:
        document["EventSourceArn"] = mapping.source_arn
    if mapping.last_result is not None:
        document["LastProcessingResult"] = mapping.last_result
    return document
