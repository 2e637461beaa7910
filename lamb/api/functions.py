"""Functions: create, read, change, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamb.api import code, shapes
from lamb.api.messages import Call, Reply
from lamb.core import functions, updates
from lamb.model.errors import InvalidParameterValue
from lamb.model.function import Version
from lamb.model.requests import CodeUpdate, Creation

# What changes how a function runs, and is not kept silently where lamb cannot do it.
_BEYOND = ("CapacityProviderConfig", "DurableConfig", "PublishTo", "TenancyConfig")


def create(call: Call) -> Reply:
    members = call.members
    refuse_beyond(call)
    creation = Creation(
        name=members["FunctionName"],
        zip=_zip(call, members["Code"]),
        uploaded="ZipFile" in members["Code"],
        live=code.live(members["Code"]),
        changes=shapes.changes(members),
        architectures=tuple(members.get("Architectures", ("x86_64",))),
        package_type=members.get("PackageType", "Zip"),
        publish=members.get("Publish", False),
        tags=members.get("Tags", {}),
        code_signing_arn=members.get("CodeSigningConfigArn"),
    )
    version = functions.create(call.core, call.place, creation)
    # Unqualified also when the answer describes version 1: AWS's own oddity, recorded.
    return Reply(shapes.function(version, version.key.arn), settle=version.key)


def get(call: Call) -> Reply:
    view = functions.get(call.core, call.reference())
    document: dict[str, Any] = {
        "Configuration": shapes.function(view.version, view.arn_shown),
        "Code": {
            "RepositoryType": "S3",
            "Location": code.location(call, view.version.configuration.code_sha256),
        },
    }
    if view.tags:
        document["Tags"] = dict(view.tags)
    if view.reserved is not None:
        document["Concurrency"] = {"ReservedConcurrentExecutions": view.reserved}
    return Reply(document)


def get_configuration(call: Call) -> Reply:
    view = functions.get(call.core, call.reference())
    return Reply(shapes.function(view.version, view.arn_shown))


def list_all(call: Call) -> Reply:
    every = call.members.get("FunctionVersion") == "ALL"
    found, marker = functions.list_functions(call.core, call.place, call.page(), all_versions=every)
    listed = [shapes.listed(version, version.arn if every else version.key.arn) for version in found]
    return Reply({"Functions": listed, **({"NextMarker": marker} if marker else {})})


def update_code(call: Call) -> Reply:
    members = call.members
    refuse_beyond(call)
    architectures = members.get("Architectures")
    update = CodeUpdate(
        zip=_zip(call, members),
        uploaded="ZipFile" in members,
        live=code.live(members),
        architectures=None if architectures is None else tuple(architectures),
        publish=members.get("Publish", False),
        dry_run=members.get("DryRun", False),
        revision_id=members.get("RevisionId"),
    )
    version = updates.update_code(call.core, call.reference(), update)
    return _updated(version)


def configure(call: Call) -> Reply:
    refuse_beyond(call)
    version = updates.configure(
        call.core, call.reference(), shapes.changes(call.members), call.members.get("RevisionId")
    )
    return _updated(version)


def refuse_beyond(call: Call) -> None:
    """Raise InvalidParameterValue for members of features that lamb does not have."""
    if "CapacityProviderConfig" in call.members and call.operation != "CreateFunction":
        raise InvalidParameterValue("CapacityProviderConfig isn't supported for Lambda Default functions.")
    for member in _BEYOND:
        if member in call.members:
            raise InvalidParameterValue(f"lamb does not support {member}")


def delete(call: Call) -> Reply:
    functions.delete(call.core, call.reference())
    return Reply(status=204)


def _updated(version: Version) -> Reply:
    arn = version.arn if version.number else version.key.arn
    return Reply(shapes.function(version, arn), settle=version.key)


def _zip(call: Call, members: Mapping[str, Any]) -> bytes | None:
    if "ImageUri" in members:
        verb = "creating" if call.operation == "CreateFunction" else "updating"
        raise InvalidParameterValue(
            f"Please don't provide ImageUri when {verb} a function with packageType Zip.",
            hint="lamb runs functions of package type Zip",
        )
    return code.given(call, members)
