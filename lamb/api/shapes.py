"""lamb's own types ↔ AWS's JSON documents: the only place with PascalCase keys of answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from lamb.api.members import Members
from lamb.core.provisioned import ProvisionView
from lamb.model.clock import iso_offset, iso_offset_s
from lamb.model.function import Alias, Configuration, Logging, Status, Version
from lamb.model.names import runtime_version_arn
from lamb.model.requests import AliasChanges, Changes

Document = dict[str, Any]


def changes(members: Members) -> Changes:
    """The configuration members of Create- and UpdateFunctionConfiguration."""
    logging = members.get("LoggingConfig", {})
    environment = members.get("Environment")
    layers, file_systems = members.get("Layers"), members.get("FileSystemConfigs")
    return Changes(
        runtime=members.get("Runtime"),
        handler=members.get("Handler"),
        role=members.get("Role"),
        description=members.get("Description"),
        memory_mb=members.get("MemorySize"),
        timeout_s=members.get("Timeout"),
        ephemeral_storage_mb=members.get("EphemeralStorage", {}).get("Size"),
        variables=None if environment is None else environment.get("Variables", {}),
        layers=None if layers is None else tuple(layers),
        dead_letter_arn=members.get("DeadLetterConfig", {}).get("TargetArn"),
        tracing_mode=members.get("TracingConfig", {}).get("Mode"),
        kms_key_arn=members.get("KMSKeyArn"),
        vpc=members.get("VpcConfig"),
        file_systems=None if file_systems is None else tuple(file_systems),
        snap_start=members.get("SnapStart", {}).get("ApplyOn"),
        log_format=logging.get("LogFormat"),
        log_group=logging.get("LogGroup"),
        application_log_level=logging.get("ApplicationLogLevel"),
        system_log_level=logging.get("SystemLogLevel"),
        network=members.get("Lamb", {}).get("Network"),
    )


def alias_changes(members: Members) -> AliasChanges:
    """CreateAlias and UpdateAlias; an empty RoutingConfig clears the weights."""
    routing = members.get("RoutingConfig")
    return AliasChanges(
        version=members.get("FunctionVersion"),
        description=members.get("Description"),
        additional=None if routing is None else routing.get("AdditionalVersionWeights", {}),
        revision_id=members.get("RevisionId"),
    )


def function(version: Version, arn: str) -> Document:
    """FunctionConfiguration with its state, as Create, Get, Update and Publish answer it.

    `arn`: which of the spellings the operation shows.
    """
    document = listed(version, arn)
    document["RuntimeVersionConfig"] = {
        "RuntimeVersionArn": runtime_version_arn(version.key.region, version.configuration.runtime)
    }
    document.update(_status(version.status))
    return document


def listed(version: Version, arn: str) -> Document:
    """FunctionConfiguration as lists show it: without state and runtime version."""
    configuration = version.configuration
    document: Document = {
        "FunctionName": version.key.name,
        "FunctionArn": arn,
        "Runtime": configuration.runtime,
        "Role": configuration.role,
        "Handler": configuration.handler,
        "CodeSize": configuration.code_size,
        "Description": configuration.description,
        "Timeout": configuration.timeout_s,
        "MemorySize": configuration.memory_mb,
        "LastModified": iso_offset(version.last_modified_ms),
        "CodeSha256": configuration.code_sha256,
        "Version": version.label,
        "TracingConfig": {"Mode": configuration.tracing_mode},
        "RevisionId": version.revision_id,
        "PackageType": configuration.package_type,
        "Architectures": list(configuration.architectures),
        "EphemeralStorage": {"Size": configuration.ephemeral_storage_mb},
        "SnapStart": {"ApplyOn": configuration.snap_start, "OptimizationStatus": _snap_start_status(version)},
        "LoggingConfig": _logging(configuration.logging),
    }
    document.update(_when_set(configuration))
    document.update(_environment(version))
    return document


def alias(found: Alias) -> Document:
    """AliasConfiguration; RoutingConfig only where there are weights."""
    document: Document = {
        "AliasArn": found.arn,
        "Name": found.name,
        "FunctionVersion": found.version,
        "Description": found.description,
        "RevisionId": found.revision_id,
    }
    if found.additional:
        document["RoutingConfig"] = {"AdditionalVersionWeights": dict(found.additional)}
    return document


def provision(view: ProvisionView) -> Document:
    """Put-, GetProvisionedConcurrencyConfig and, with `FunctionArn`, an entry of their list."""
    progress = view.progress
    document: Document = {
        "RequestedProvisionedConcurrentExecutions": view.requested,
        "AvailableProvisionedConcurrentExecutions": progress.available,
        "AllocatedProvisionedConcurrentExecutions": progress.available,
        "Status": progress.status,
        "LastModified": iso_offset_s(view.last_modified_ms),
    }
    if progress.reason is not None:
        document["StatusReason"] = progress.reason
    return document


def _when_set(configuration: Configuration) -> Document:
    document: Document = {}
    if configuration.layers:
        document["Layers"] = [
            {"Arn": layer.arn, "CodeSize": layer.code_size} for layer in configuration.layers
        ]
    if configuration.dead_letter_arn:
        document["DeadLetterConfig"] = {"TargetArn": configuration.dead_letter_arn}
    if configuration.kms_key_arn:
        document["KMSKeyArn"] = configuration.kms_key_arn
    if configuration.vpc is not None:
        document["VpcConfig"] = {
            "SubnetIds": configuration.vpc.get("SubnetIds", []),
            "SecurityGroupIds": configuration.vpc.get("SecurityGroupIds", []),
            "VpcId": vpc_id(configuration.vpc.get("SubnetIds", [])),
            "Ipv6AllowedForDualStack": configuration.vpc.get("Ipv6AllowedForDualStack", False),
        }
    if configuration.file_systems:
        document["FileSystemConfigs"] = [dict(entry) for entry in configuration.file_systems]
    own = {
        **({"Network": configuration.network} if configuration.network != "host" else {}),
        **({"Live": configuration.live} if configuration.live else {}),
    }
    if own:
        document["Lamb"] = own
    return document


def vpc_id(subnet_ids: Sequence[str]) -> str:
    """The VPC that the subnets would be in: one for the same subnets, none for a detached function."""
    if not subnet_ids:
        return ""
    return f"vpc-{hashlib.sha256(min(subnet_ids).encode()).hexdigest()[:17]}"


def _environment(version: Version) -> Document:
    if version.variables_error is not None:
        error = {"ErrorCode": "AccessDeniedException", "Message": version.variables_error}
        return {"Environment": {"Error": error}}
    if version.variables is None:
        return {}
    return {"Environment": {"Variables": dict(version.variables)}}


def _logging(logging: Logging) -> Document:
    document = {"LogFormat": logging.format}
    if logging.format == "JSON":
        document["ApplicationLogLevel"] = logging.application_level or "INFO"
        document["SystemLogLevel"] = logging.system_level or "INFO"
    document["LogGroup"] = logging.group
    return document


def _snap_start_status(version: Version) -> str:
    return "On" if version.configuration.snap_start == "PublishedVersions" and version.number else "Off"


def _status(status: Status) -> Mapping[str, str]:
    members = {
        "State": status.state,
        "StateReason": status.state_reason,
        "StateReasonCode": status.state_reason_code,
        "LastUpdateStatus": status.last_update,
        "LastUpdateStatusReason": status.last_update_reason,
        "LastUpdateStatusReasonCode": status.last_update_reason_code,
    }
    return {name: value for name, value in members.items() if value is not None}
