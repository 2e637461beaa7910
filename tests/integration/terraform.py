"""What Terraform's AWS provider asks of AWS, resource by resource: the calls, their order, and what it keeps.

Each resource is told what a configuration says, and keeps as its state what the provider reads back. A plan
is empty when reading again gives the same state. Waiting is asking again, as the provider does.
Source: terraform-provider-aws, internal/service/{lambda,iam,sqs,logs}.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import unquote

from botocore.exceptions import ClientError

_PATIENCE_S = 20
_ALL_VERSIONS = 50
_NOTHING_THERE = (
    "AWS.SimpleQueueService.NonExistentQueue",
    "NoSuchEntity",
    "ProvisionedConcurrencyConfigNotFoundException",
    "ResourceNotFoundException",
)

State = dict[str, Any]


def zipped(source: str, path: str = "app.py") -> bytes:
    """A package with one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo(path)
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, source)
    return packed.getvalue()


def until(ask: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Ask again and again, as the provider's waiters do."""
    deadline = time.monotonic() + _PATIENCE_S
    while not done(answer := ask()):
        assert time.monotonic() < deadline, answer
    return answer


def found(ask: Callable[[], Any]) -> Any:
    """The answer, or None for the errors that the provider takes for "there is none"."""
    try:
        return ask()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOTHING_THERE:
            return None
        raise


@dataclass
class Resource:
    """One block of a configuration."""

    clients: Mapping[str, Any]
    config: dict[str, Any]
    state: State | None = None

    def apply(self) -> State:
        """Create, and read what came of it."""
        self.create()
        self.state = self.read()
        assert self.state is not None
        return self.state

    def change(self, **config: Any) -> State:
        """Update in place, and read what came of it."""
        self.config.update(config)
        self.update(config)
        self.state = self.read()
        assert self.state is not None
        return self.state

    def planned(self) -> dict[str, tuple[Any, Any]]:
        """What a plan would show: attributes that are others than the state has."""
        was, now = self.state or {}, self.read() or {}
        return {n: (was.get(n), now.get(n)) for n in {*was, *now} if was.get(n) != now.get(n)}

    def create(self) -> None:
        raise NotImplementedError

    def read(self) -> State | None:
        raise NotImplementedError

    def update(self, changed: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def destroy(self) -> None:
        raise NotImplementedError

    @property
    def aws(self) -> Any:
        """Lambda's client."""
        return self.clients["lambda"]


@dataclass
class Role(Resource):
    def create(self) -> None:
        self.clients["iam"].create_role(
            RoleName=self.config["name"],
            Path="/",
            AssumeRolePolicyDocument=json.dumps(self.config["assume_role_policy"]),
            MaxSessionDuration=3600,
            Tags=[{"Key": "team", "Value": "blue"}],
        )

    def read(self) -> State | None:
        iam, name = self.clients["iam"], self.config["name"]
        answer = found(lambda: iam.get_role(RoleName=name))
        if answer is None:
            return None
        role = answer["Role"]
        policy = role["AssumeRolePolicyDocument"]
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return {
            "arn": role["Arn"],
            "create_date": role["CreateDate"],
            "description": role.get("Description", ""),
            "max_session_duration": role["MaxSessionDuration"],
            "path": role["Path"],
            "unique_id": role["RoleId"],
            "assume_role_policy": json.loads(unquote(policy)) if isinstance(policy, str) else policy,
            "inline": [iam.get_role_policy(RoleName=name, PolicyName=n)["PolicyDocument"] for n in inline],
            "managed": sorted(policy["PolicyArn"] for policy in attached),
            "tags": role.get("Tags", []),
        }

    def update(self, changed: Mapping[str, Any]) -> None:
        iam, name = self.clients["iam"], self.config["name"]
        if "description" in changed:
            iam.update_role_description(RoleName=name, Description=changed["description"])
        if "max_session_duration" in changed:
            iam.update_role(RoleName=name, MaxSessionDuration=changed["max_session_duration"])

    def destroy(self) -> None:
        iam, name = self.clients["iam"], self.config["name"]
        assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
        iam.delete_role(RoleName=name)


@dataclass
class RolePolicy(Resource):
    """aws_iam_role_policy: a policy in the role itself."""

    def _named(self) -> dict[str, str]:
        return {"RoleName": self.config["role"], "PolicyName": self.config["name"]}

    def create(self) -> None:
        self.clients["iam"].put_role_policy(**self._named(), PolicyDocument=json.dumps(self.config["policy"]))

    def read(self) -> State | None:
        answer = found(lambda: self.clients["iam"].get_role_policy(**self._named()))
        return None if answer is None else {"policy": answer["PolicyDocument"], **self._named()}

    def destroy(self) -> None:
        self.clients["iam"].delete_role_policy(**self._named())


@dataclass
class RolePolicyAttachment(Resource):
    def _named(self) -> dict[str, str]:
        return {"RoleName": self.config["role"], "PolicyArn": self.config["policy_arn"]}

    def create(self) -> None:
        self.clients["iam"].attach_role_policy(**self._named())

    def read(self) -> State | None:
        iam, role = self.clients["iam"], self.config["role"]
        answer = found(lambda: iam.list_attached_role_policies(RoleName=role))
        arns = [] if answer is None else [policy["PolicyArn"] for policy in answer["AttachedPolicies"]]
        return {"policy_arn": self.config["policy_arn"]} if self.config["policy_arn"] in arns else None

    def destroy(self) -> None:
        self.clients["iam"].detach_role_policy(**self._named())


@dataclass
class LogGroup(Resource):
    def create(self) -> None:
        logs, name = self.clients["logs"], self.config["name"]
        logs.create_log_group(logGroupName=name, tags={"team": "blue"})
        logs.put_retention_policy(logGroupName=name, retentionInDays=self.config["retention_in_days"])

    def read(self) -> State | None:
        logs, name = self.clients["logs"], self.config["name"]
        groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        group = next((group for group in groups if group["logGroupName"] == name), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
        return {"arn": arn, "retention_in_days": group.get("retentionInDays", 0), "tags": tags}

    def destroy(self) -> None:
        self.clients["logs"].delete_log_group(logGroupName=self.config["name"])


@dataclass
class Queue(Resource):
    url: str = ""

    def create(self) -> None:
        sqs = self.clients["sqs"]
        attributes = {"VisibilityTimeout": str(self.config["visibility_timeout_seconds"])}
        answer = sqs.create_queue(QueueName=self.config["name"], Attributes=attributes)
        self.url = answer["QueueUrl"]
        until(self._attributes, lambda shown: shown is not None and attributes.items() <= shown.items())

    def _attributes(self) -> dict[str, str] | None:
        sqs = self.clients["sqs"]
        answer = found(lambda: sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"]))
        return None if answer is None else answer["Attributes"]

    def read(self) -> State | None:
        attributes = self._attributes()
        if attributes is None:
            return None
        tags = self.clients["sqs"].list_queue_tags(QueueUrl=self.url).get("Tags", {})
        kept = {name: value for name, value in attributes.items() if not name.startswith("Approximate")}
        return {"arn": attributes["QueueArn"], "tags": tags, **kept}

    def destroy(self) -> None:
        self.clients["sqs"].delete_queue(QueueUrl=self.url)
        until(self._attributes, lambda shown: shown is None)


@dataclass
class LayerVersion(Resource):
    version: int = 0

    def create(self) -> None:
        answer = self.aws.publish_layer_version(
            LayerName=self.config["layer_name"],
            Description="",
            LicenseInfo="",
            Content={"ZipFile": self.config["zip"]},
            CompatibleRuntimes=self.config["compatible_runtimes"],
        )
        self.version = answer["Version"]

    def read(self) -> State | None:
        named = {"LayerName": self.config["layer_name"], "VersionNumber": self.version}
        answer = found(lambda: self.aws.get_layer_version(**named))
        if answer is None:
            return None
        return {
            "arn": answer["LayerVersionArn"],
            "layer_arn": answer["LayerArn"],
            "created_date": answer["CreatedDate"],
            "description": answer["Description"],
            "license_info": answer.get("LicenseInfo", ""),
            "code_sha256": answer["Content"]["CodeSha256"],
            "source_code_size": answer["Content"]["CodeSize"],
            "compatible_runtimes": answer["CompatibleRuntimes"],
            "compatible_architectures": answer.get("CompatibleArchitectures", []),
        }

    def destroy(self) -> None:
        self.aws.delete_layer_version(LayerName=self.config["layer_name"], VersionNumber=self.version)


@dataclass
class Function(Resource):
    # What the provider takes of GetFunction's Configuration.
    kept: ClassVar[tuple[str, ...]] = (
        "Architectures", "CodeSha256", "CodeSize", "DeadLetterConfig", "Description", "Environment",
        "EphemeralStorage", "FileSystemConfigs", "FunctionArn", "Handler", "KMSKeyArn", "LastModified",
        "Layers", "LoggingConfig", "MemorySize", "PackageType", "Role", "Runtime", "SnapStart", "Timeout",
        "TracingConfig", "VpcConfig",
    )  # fmt: skip
    # Of a configuration's attributes: those that UpdateFunctionConfiguration takes.
    settings: ClassVar[Mapping[str, str]] = {
        "description": "Description",
        "environment": "Environment",
        "handler": "Handler",
        "layers": "Layers",
        "memory_size": "MemorySize",
        "role": "Role",
        "timeout": "Timeout",
    }

    def _named(self) -> dict[str, str]:
        return {"FunctionName": self.config["function_name"]}

    def create(self) -> None:
        config = self.config
        self.aws.create_function(
            **self._named(),
            Code={"ZipFile": config["zip"]},
            Description=config.get("description", ""),
            MemorySize=config.get("memory_size", 128),
            PackageType="Zip",
            Publish=config.get("publish", False),
            Role=config["role"],
            Runtime=config["runtime"],
            Handler=config["handler"],
            Timeout=config.get("timeout", 3),
            Environment={"Variables": config["environment"]},
            Layers=config.get("layers", []),
            LoggingConfig={"LogFormat": "Text", "LogGroup": config["log_group"]},
            TracingConfig={"Mode": "PassThrough"},
            Tags={"team": "blue"},
        )
        found(lambda: self.aws.get_function(**self._named()))
        self._settled("State", "Active")
        if "reserved_concurrent_executions" in config:
            amount = config["reserved_concurrent_executions"]
            self.aws.put_function_concurrency(**self._named(), ReservedConcurrentExecutions=amount)

    def _settled(self, member: str, target: str) -> None:
        until(
            lambda: self.aws.get_function(**self._named())["Configuration"],
            lambda shown: shown.get(member) == target,
        )

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_function(**self._named()))
        if answer is None:
            return None
        shown = answer["Configuration"]
        pages = self.aws.get_paginator("list_versions_by_function").paginate(
            **self._named(), PaginationConfig={"PageSize": _ALL_VERSIONS}
        )
        latest = [version for page in pages for version in page["Versions"]][-1]
        signing = self.aws.get_function_code_signing_config(**self._named())
        return {
            **{name: shown[name] for name in self.kept if name in shown},
            "reserved_concurrent_executions": answer.get("Concurrency", {}).get(
                "ReservedConcurrentExecutions", -1
            ),
            "qualified_arn": latest["FunctionArn"],
            "version": latest["Version"],
            "tags": answer.get("Tags", {}),
            "code_signing_config_arn": signing.get("CodeSigningConfigArn", ""),
        }

    def update(self, changed: Mapping[str, Any]) -> None:
        settings = {self.settings[name]: value for name, value in changed.items() if name in self.settings}
        if settings:
            if "Environment" in settings:
                settings["Environment"] = {"Variables": settings["Environment"]}
            self.aws.update_function_configuration(**self._named(), **settings)
            self._settled("LastUpdateStatus", "Successful")
        if "zip" in changed:
            self.aws.update_function_code(**self._named(), ZipFile=changed["zip"])
            self._settled("LastUpdateStatus", "Successful")
        if "reserved_concurrent_executions" in changed:
            amount = changed["reserved_concurrent_executions"]
            if amount >= 0:
                self.aws.put_function_concurrency(**self._named(), ReservedConcurrentExecutions=amount)
            else:
                self.aws.delete_function_concurrency(**self._named())
        if self.config.get("publish") and (settings or "zip" in changed):
            made = self.aws.publish_version(**self._named())
            named = {"FunctionName": made["FunctionArn"], "Qualifier": made["Version"]}
            until(
                lambda: self.aws.get_function_configuration(**named),
                lambda shown: shown.get("LastUpdateStatus") == "Successful",
            )

    def destroy(self) -> None:
        self.aws.delete_function(**self._named())
        until(lambda: found(lambda: self.aws.get_function(**self._named())), lambda shown: shown is None)


@dataclass
class Alias(Resource):
    def _named(self) -> dict[str, str]:
        return {"FunctionName": self.config["function_name"], "Name": self.config["name"]}

    def _members(self) -> dict[str, Any]:
        weights = self.config.get("additional_version_weights")
        return {
            **self._named(),
            "Description": self.config.get("description", ""),
            "FunctionVersion": self.config["function_version"],
            "RoutingConfig": {} if weights is None else {"AdditionalVersionWeights": weights},
        }

    def create(self) -> None:
        self.aws.create_alias(**self._members())

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_alias(**self._named()))
        if answer is None:
            return None
        return {
            "arn": answer["AliasArn"],
            "description": answer["Description"],
            "function_version": answer["FunctionVersion"],
            "routing_config": answer.get("RoutingConfig"),
        }

    def update(self, changed: Mapping[str, Any]) -> None:
        self.aws.update_alias(**self._members())
        if not self.config.get("additional_version_weights"):
            until(lambda: self.aws.get_alias(**self._named()), lambda shown: "RoutingConfig" not in shown)

    def destroy(self) -> None:
        self.aws.delete_alias(**self._named())


@dataclass
class Permission(Resource):
    def _of(self) -> dict[str, str]:
        config = self.config
        qualifier = {"Qualifier": config["qualifier"]} if "qualifier" in config else {}
        return {"FunctionName": config["function_name"], **qualifier}

    def create(self) -> None:
        config = self.config
        source = {"SourceArn": config["source_arn"]} if "source_arn" in config else {}
        self.aws.add_permission(
            **self._of(),
            **source,
            Action="lambda:InvokeFunction",
            Principal=config["principal"],
            StatementId=config["statement_id"],
        )

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_policy(**self._of()))
        policy = {"Statement": []} if answer is None else json.loads(answer["Policy"])
        for statement in policy["Statement"]:
            if statement["Sid"] == self.config["statement_id"]:
                principal = statement["Principal"]
                return {
                    "action": statement["Action"],
                    "resource": statement["Resource"],
                    "principal": principal if isinstance(principal, str) else principal["Service"],
                    "source_arn": statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"),
                }
        return None

    def destroy(self) -> None:
        self.aws.remove_permission(**self._of(), StatementId=self.config["statement_id"])
        until(self.read, lambda shown: shown is None)


@dataclass
class EventSourceMapping(Resource):
    uuid: str = ""
    # Members that the provider keeps; absent ones are null to it.
    kept: ClassVar[tuple[str, ...]] = (
        "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "EventSourceArn", "FilterCriteria",
        "FunctionArn", "FunctionResponseTypes", "KMSKeyArn", "LastModified", "LastProcessingResult",
        "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts",
        "ParallelizationFactor", "ScalingConfig", "StartingPosition", "State", "StateTransitionReason",
        "TumblingWindowInSeconds", "UUID",
    )  # fmt: skip
    settled: ClassVar[tuple[str, ...]] = ("Enabled", "Disabled")

    def create(self) -> None:
        answer = self.aws.create_event_source_mapping(**{"Enabled": True, **self.config})
        self.uuid = answer["UUID"]
        self._wait()

    def _wait(self) -> None:
        until(
            lambda: self.aws.get_event_source_mapping(UUID=self.uuid),
            lambda shown: shown["State"] in self.settled,
        )

    def read(self) -> State | None:
        answer = found(lambda: self.aws.get_event_source_mapping(UUID=self.uuid))
        if answer is None:
            return None
        tags = self.aws.list_tags(Resource=answer["EventSourceMappingArn"])["Tags"]
        enabled = answer["State"] in ("Enabled", "Enabling")
        return {**{name: answer.get(name) for name in self.kept}, "enabled": enabled, "tags": tags}

    def update(self, changed: Mapping[str, Any]) -> None:
        self.aws.update_event_source_mapping(UUID=self.uuid, **changed)
        self._wait()

    def destroy(self) -> None:
        self.aws.delete_event_source_mapping(UUID=self.uuid)
        until(
            lambda: found(lambda: self.aws.get_event_source_mapping(UUID=self.uuid)),
            lambda shown: shown is None,
        )


@dataclass
class Configuration:
    """Resources in the order in which they depend on each other."""

    resources: list[Resource] = field(default_factory=list)

    def add(self, resource: Resource) -> State:
        self.resources.append(resource)
        return resource.apply()

    def plan(self) -> dict[str, Any]:
        """The differences that a refresh finds: {} when there is nothing to do."""
        return {type(r).__name__: changes for r in self.resources if (changes := r.planned())}

    def destroy(self) -> None:
        for resource in reversed(self.resources):
            resource.destroy()
            assert resource.read() is None, resource
