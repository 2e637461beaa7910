"""Layers, their versions, and the policies of these."""

from __future__ import annotations

from typing import Any

from lamb.api import code
from lamb.api.messages import Call, Reply
from lamb.core import layer_policies, layers
from lamb.model.clock import iso_offset
from lamb.model.errors import ResourceNotFound
from lamb.model.layer import LayerFilter, LayerKey, LayerPublication, LayerVersion, parse_layer, parse_version
from lamb.model.permission import Permission


def publish(call: Call) -> Reply:
    members = call.members
    wanted = LayerPublication(
        zip=code.given(call, members["Content"]),
        description=members.get("Description", ""),
        license_info=members.get("LicenseInfo"),
        runtimes=_names(members.get("CompatibleRuntimes")),
        architectures=_names(members.get("CompatibleArchitectures")),
        uploaded="ZipFile" in members["Content"],
    )
    return Reply(_document(call, layers.publish(call.core, call.place, _layer(call), wanted)))


def get(call: Call) -> Reply:
    found = layers.get(call.core, call.place, _layer(call), call.members["VersionNumber"])
    return Reply(_document(call, found))


def get_by_arn(call: Call) -> Reply:
    parsed = parse_version(call.members["Arn"])
    if parsed is None:
        raise ResourceNotFound
    return Reply(_document(call, layers.get(call.core, call.place, *parsed)))


def list_all(call: Call) -> Reply:
    found, marker = layers.list_layers(call.core, call.place, call.page(), _filter(call))
    listed = [
        {
            "LayerName": version.key.name,
            "LayerArn": version.key.arn,
            "LatestMatchingVersion": _listed(version),
        }
        for version in found
    ]
    return Reply({"Layers": listed, **({"NextMarker": marker} if marker else {})})


def list_versions(call: Call) -> Reply:
    found, marker = layers.list_versions(call.core, call.place, _layer(call), call.page(), _filter(call))
    listed = [_listed(version) for version in found]
    return Reply({"LayerVersions": listed, **({"NextMarker": marker} if marker else {})})


def delete(call: Call) -> Reply:
    layers.delete(call.core, call.place, _layer(call), call.members["VersionNumber"])
    return Reply(status=204)


def add_permission(call: Call) -> Reply:
    members = call.members
    wanted = Permission(
        members["StatementId"],
        members["Action"],
        members["Principal"],
        organization_id=members.get("OrganizationId"),
    )
    statement, revision = layer_policies.add(
        call.core, _own(call), members["VersionNumber"], wanted, members.get("RevisionId")
    )
    return Reply({"Statement": statement, "RevisionId": revision})


def get_policy(call: Call) -> Reply:
    policy = layer_policies.get(call.core, _own(call), call.members["VersionNumber"])
    return Reply({"Policy": policy.text, "RevisionId": policy.revision_id})


def remove_permission(call: Call) -> Reply:
    members = call.members
    layer_policies.remove(
        call.core,
        _own(call),
        members["VersionNumber"],
        members["StatementId"],
        members.get("RevisionId"),
    )
    return Reply(status=204)


def _layer(call: Call) -> LayerKey:
    return parse_layer(call.members["LayerName"], call.place)


def _own(call: Call) -> LayerKey:
    """Raises ResourceNotFound for layers of other places: their policies are not ours to see."""
    key = _layer(call)
    if key.place != call.place:
        arn = key.version_arn(call.members["VersionNumber"])
        raise ResourceNotFound(f"Layer version {arn} does not exist.")
    return key


def _filter(call: Call) -> LayerFilter:
    return LayerFilter(call.members.get("CompatibleRuntime"), call.members.get("CompatibleArchitecture"))


def _names(given: list[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _document(call: Call, version: LayerVersion) -> dict[str, Any]:
    return {
        "Content": {
            "Location": code.location(call, version.code_sha256),
            "CodeSha256": version.code_sha256,
            "CodeSize": version.code_size,
        },
        "LayerArn": version.key.arn,
        **_listed(version),
    }


def _listed(version: LayerVersion) -> dict[str, Any]:
    """As lists show it."""
    document: dict[str, Any] = {
        "LayerVersionArn": version.arn,
        "Version": version.number,
        "Description": version.description,
        "CreatedDate": iso_offset(version.created_ms),
    }
    if version.runtimes is not None:
        document["CompatibleRuntimes"] = list(version.runtimes)
    if version.architectures is not None:
        document["CompatibleArchitectures"] = list(version.architectures)
    if version.license_info is not None:
        document["LicenseInfo"] = version.license_info
    return document
