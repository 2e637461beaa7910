"""Code signing configs, and which function has which."""

from __future__ import annotations

from typing import Any

from lamb.api.messages import Call, Reply
from lamb.core import code_signing
from lamb.model.clock import iso_offset
from lamb.model.code_signing import CodeSigningChanges, CodeSigningConfig


def create(call: Call) -> Reply:
    config = code_signing.create(call.core, call.place, _wanted(call), call.members.get("Tags", {}))
    return Reply({"CodeSigningConfig": _document(config)})


def get(call: Call) -> Reply:
    config = code_signing.get(call.core, call.place, call.members["CodeSigningConfigArn"])
    return Reply({"CodeSigningConfig": _document(config)})


def update(call: Call) -> Reply:
    arn = call.members["CodeSigningConfigArn"]
    config = code_signing.update(call.core, call.place, arn, _wanted(call))
    return Reply({"CodeSigningConfig": _document(config)})


def delete(call: Call) -> Reply:
    code_signing.delete(call.core, call.place, call.members["CodeSigningConfigArn"])
    return Reply(status=204)


def list_all(call: Call) -> Reply:
    found, marker = code_signing.list_configs(call.core, call.place, call.page())
    listed = [_document(config) for config in found]
    return Reply({"CodeSigningConfigs": listed, **({"NextMarker": marker} if marker else {})})


def list_functions(call: Call) -> Reply:
    arn = call.members["CodeSigningConfigArn"]
    arns, marker = code_signing.list_functions(call.core, call.place, arn, call.page())
    return Reply({"FunctionArns": arns, **({"NextMarker": marker} if marker else {})})


def put_for(call: Call) -> Reply:
    reference, arn = call.reference(), call.members["CodeSigningConfigArn"]
    code_signing.put_for(call.core, reference, arn)
    return Reply({"CodeSigningConfigArn": arn, "FunctionName": reference.key.name})


def get_for(call: Call) -> Reply:
    reference = call.reference()
    key = code_signing.get_for(call.core, reference)
    # As recorded: a function without a config is not named either.
    return Reply({} if key is None else {"CodeSigningConfigArn": key.arn, "FunctionName": reference.key.name})


def delete_for(call: Call) -> Reply:
    code_signing.delete_for(call.core, call.reference())
    return Reply(status=204)


def _wanted(call: Call) -> CodeSigningChanges:
    publishers = call.members.get("AllowedPublishers")
    return CodeSigningChanges(
        publishers=None if publishers is None else publishers["SigningProfileVersionArns"],
        policy=call.members.get("CodeSigningPolicies", {}).get("UntrustedArtifactOnDeployment"),
        description=call.members.get("Description"),
    )


def _document(config: CodeSigningConfig) -> dict[str, Any]:
    document: dict[str, Any] = {
        "CodeSigningConfigId": config.key.id,
        "CodeSigningConfigArn": config.key.arn,
        "AllowedPublishers": {"SigningProfileVersionArns": list(config.publishers)},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.policy},
        "LastModified": iso_offset(config.last_modified_ms),
    }
    if config.description is not None:
        document["Description"] = config.description
    return document
