"""Aliases: a name for one version, or for two with weights."""

from __future__ import annotations

from lamb.api import shapes
from lamb.api.messages import Call, Reply
from lamb.core import aliases


def create(call: Call) -> Reply:
    wanted = shapes.alias_changes(call.members)
    return Reply(shapes.alias(aliases.create(call.core, call.reference().key, call.members["Name"], wanted)))


def get(call: Call) -> Reply:
    return Reply(shapes.alias(aliases.get(call.core, call.reference().key, call.members["Name"])))


def list_all(call: Call) -> Reply:
    found, marker = aliases.list_aliases(
        call.core, call.reference().key, call.page(), version=call.members.get("FunctionVersion")
    )
    listed = [shapes.alias(alias) for alias in found]
    return Reply({"Aliases": listed, **({"NextMarker": marker} if marker else {})})


def update(call: Call) -> Reply:
    wanted = shapes.alias_changes(call.members)
    return Reply(shapes.alias(aliases.update(call.core, call.reference().key, call.members["Name"], wanted)))


def delete(call: Call) -> Reply:
    aliases.delete(call.core, call.reference().key, call.members["Name"])
    return Reply(status=204)
