"""Event invoke configs: how functions take asynchronous events."""

from __future__ import annotations

from typing import Any

from lamb.api.messages import Call, Reply
from lamb.core import event_configs
from lamb.model.names import LATEST, FunctionKey
from lamb.model.requests import EventInvokeConfig


def put(call: Call) -> Reply:
    return _reply(call, event_configs.put(call.core, call.reference(), _wanted(call)))


def update(call: Call) -> Reply:
    return _reply(call, event_configs.update(call.core, call.reference(), _wanted(call)))


def get(call: Call) -> Reply:
    return _reply(call, event_configs.get(call.core, call.reference()))


def list_all(call: Call) -> Reply:
    found, marker = event_configs.list_configs(call.core, call.reference(), call.page())
    listed = [_document(call.reference().key, config) for config in found]
    return Reply({"FunctionEventInvokeConfigs": listed, **({"NextMarker": marker} if marker else {})})


def delete(call: Call) -> Reply:
    event_configs.delete(call.core, call.reference())
    return Reply(status=204)


def _wanted(call: Call) -> EventInvokeConfig:
    destinations = call.members.get("DestinationConfig", {})
    return EventInvokeConfig(
        qualifier=call.reference().qualifier or LATEST,
        retries=call.members.get("MaximumRetryAttempts"),
        max_age_s=call.members.get("MaximumEventAgeInSeconds"),
        on_success=_destination(destinations, "OnSuccess"),
        on_failure=_destination(destinations, "OnFailure"),
    )


def _destination(config: dict[str, Any], member: str) -> str | None:
    """An empty structure takes the destination away, as an empty ARN does."""
    return config[member].get("Destination", "") if member in config else None


def _reply(call: Call, config: EventInvokeConfig) -> Reply:
    return Reply(_document(call.reference().key, config))


def _document(key: FunctionKey, config: EventInvokeConfig) -> dict[str, Any]:
    document: dict[str, Any] = {
        "LastModified": config.last_modified_ms / 1000,
        "FunctionArn": key.qualified(config.qualifier),
    }
    if config.retries is not None:
        document["MaximumRetryAttempts"] = config.retries
    if config.max_age_s is not None:
        document["MaximumEventAgeInSeconds"] = config.max_age_s
    document["DestinationConfig"] = {
        member: {"Destination": arn} if arn else {}
        for member, arn in (("OnSuccess", config.on_success), ("OnFailure", config.on_failure))
    }
    return document
