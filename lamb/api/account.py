"""The account: its limits, its use, and the tags of what it owns."""

from __future__ import annotations

from lamb.api.messages import Call, Reply
from lamb.core import functions
from lamb.core import tags as tagging


def settings(call: Call) -> Reply:
    return Reply(functions.account_settings(call.core, call.place))


def tag(call: Call) -> Reply:
    tagging.tag(call.core, call.place, call.members["Resource"], call.members["Tags"])
    return Reply(status=204)


def untag(call: Call) -> Reply:
    tagging.untag(call.core, call.place, call.members["Resource"], call.members["TagKeys"])
    return Reply(status=204)


def tags(call: Call) -> Reply:
    return Reply({"Tags": dict(tagging.tags_of(call.core, call.place, call.members["Resource"]))})
