"""Versions: publish and list."""

from __future__ import annotations

from lamb.api import shapes
from lamb.api.functions import refuse_beyond
from lamb.api.messages import Call, Reply
from lamb.core import versions


def publish(call: Call) -> Reply:
    members = call.members
    refuse_beyond(call)
    version = versions.publish(
        call.core,
        call.reference(),
        description=members.get("Description"),
        code_sha256=members.get("CodeSha256"),
        revision_id=members.get("RevisionId"),
    )
    return Reply(shapes.function(version, version.arn))


def list_all(call: Call) -> Reply:
    found, marker = versions.list_versions(call.core, call.reference(), call.page())
    listed = [shapes.listed(version, version.arn) for version in found]
    return Reply({"Versions": listed, **({"NextMarker": marker} if marker else {})})
