"""The account: its limits, its use, and the tags of what it owns."""

from __future__ import annotations

from lamb.api.messages import Call, Reply
from lamb.core import functions, mappings
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.mapping import MappingKey, parse_mapping_arn
from lamb.model.names import FunctionKey, parse_reference


def settings(call: Call) -> Reply:
    return Reply(functions.account_settings(call.core, call.place))


def tag(call: Call) -> Reply:
    mapping = _mapping(call)
    if mapping is not None:
        mappings.tag(call.core, mapping, call.members["Tags"])
    else:
        functions.tag(call.core, _function(call), call.members["Tags"])
    return Reply(status=204)


def untag(call: Call) -> Reply:
    mapping = _mapping(call)
    if mapping is not None:
        mappings.untag(call.core, mapping, call.members["TagKeys"])
    else:
        functions.untag(call.core, _function(call), call.members["TagKeys"])
    return Reply(status=204)


def tags(call: Call) -> Reply:
    mapping = _mapping(call)
    if mapping is not None:
        return Reply({"Tags": dict(mappings.tags(call.core, mapping))})
    return Reply({"Tags": dict(functions.tags(call.core, _function(call)))})


def _mapping(call: Call) -> MappingKey | None:
    return parse_mapping_arn(call.members["Resource"], call.place)


def _function(call: Call) -> FunctionKey:
    resource = call.members["Resource"]
    if ":function:" not in resource:
        kind = "Event source mapping" if "event-source-mapping" in resource else "Resource"
        raise ResourceNotFound(f"{kind} not found: {resource}")
    reference = parse_reference(resource, call.place)
    if reference.qualifier is not None:
        raise InvalidParameterValue(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return reference.key
