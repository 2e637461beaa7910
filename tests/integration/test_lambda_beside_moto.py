"""Every Lambda call that moto answers, to lamb and to moto, answers side by side.

Where AWS and moto differ, AWS is right: `DIFFERENT` at the end says how, and where that is known from. How a
function runs is not compared: moto runs it in Docker.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

HERE = "arn:aws:lambda:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/beside-moto"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:beside-moto"
NOBODY = f"{HERE}:function:nobody"
GONE = "The resource you requested does not exist."
# What no two services give the same.
MADE_UP = {
    "CreatedDate", "CreationTime", "EventSourceMappingArn", "FunctionUrl", "LastModified", "LastModifiedTime",
    "Location", "UUID",
}  # fmt: skip
# What AWS always tells of a function, and moto never; and how far the function is, which moto says in lists,
# too, and AWS does not.
LEFT_OUT = {
    "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "LoggingConfig",
    "ResponseMetadata", "RevisionId", "RuntimeVersionConfig", "State", "StateReason", "StateReasonCode",
}  # fmt: skip
# Statuses that are not those of AWS's model: AWS's, moto's.
STATUSES = {
    "add_layer_version_permission": (201, 200),
    "add_permission": (201, 200),
    "create_event_source_mapping": (202, 201),
    "delete_alias": (204, 201),
    "delete_layer_version": (204, 200),
    "get_alias": (200, 201),
    "get_function_url_config": (200, 201),
    "tag_resource": (204, 200),
    "update_alias": (200, 201),
}
Answer = tuple[Any, ...]


def package(text: str = "def handler(event, context): return event\n") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), text)
    return packed.getvalue()


def plain(value: Any) -> Any:
    """An answer without what cannot be the same; documents that are texts as documents."""
    if isinstance(value, dict):
        # AWS leaves Layers out where there are none; RevisionId: moto has it of aliases and layers only.
        kept = {n: item for n, item in value.items() if n not in LEFT_OUT and (n, item) != ("Layers", [])}
        return {n: "…" if n in MADE_UP else plain(document(n, item)) for n, item in kept.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def document(name: str, value: Any) -> Any:
    """Policies and their statements come as text, except inside of policies."""
    return json.loads(value) if name in {"Statement", "Policy"} and isinstance(value, str) else value


class Pair:
    """Both services, and calls to both."""

    def __init__(self, lamb: harness.Served, moto: harness.Served, runtime: str) -> None:
        self.sides = (lamb, moto)
        self.runtime = runtime
        self.clients = tuple(self.client("lambda", side) for side in self.sides)
        self.last: list[Any] = [{}, {}]

    @staticmethod
    def client(service: str, side: harness.Served) -> Any:
        config = Config(retries={"max_attempts": 0}, parameter_validation=False)
        return boto3.client(service, **side.aws, config=config)

    def both(self, operation: str, **members: Any) -> tuple[Answer, Answer]:
        """Both answers: (status, what is comparable), or of errors (status, code, text).

        Members that are functions are called with the number of the client.
        """
        answers: list[Answer] = []
        for number, client in enumerate(self.clients):
            given = {n: value(number) if callable(value) else value for n, value in members.items()}
            try:
                answer = getattr(client, operation)(**given)
            except ClientError as error:
                told = error.response["Error"]
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                answers.append((status, told["Code"], told["Message"]))
                continue
            self.last[number] = answer
            answers.append((answer["ResponseMetadata"]["HTTPStatusCode"], plain(answer)))
        if operation in {"create_function", "update_function_code", "update_function_configuration"}:
            self.settle(members["FunctionName"])
        return answers[0], answers[1]

    def same(self, operation: str, **members: Any) -> Any:
        """What both gave; of an error its text."""
        mine, motos = self.both(operation, **members)
        if operation in STATUSES and len(mine) == len(motos) == 2:
            assert (mine[0], motos[0]) == STATUSES[operation]
            mine, motos = mine[1:], motos[1:]
        assert mine == motos
        return mine[-1]

    def create(self, name: str, **members: Any) -> Any:
        given = {
            "Role": ROLE,
            "Runtime": self.runtime,
            "Handler": "app.handler",
            "Code": {"ZipFile": package()},
        }
        return self.same("create_function", FunctionName=name, **{**given, **members})

    def settle(self, function: str) -> None:
        """Until nothing of lamb's function is in progress, if it is there: moto is never seen at work."""
        lamb = self.clients[0]
        for _ in range(1000):
            try:
                shown = lamb.get_function_configuration(FunctionName=function)
            except ClientError:
                return
            if shown["State"] != "Pending" and shown["LastUpdateStatus"] != "InProgress":
                return

    def remembered(self, member: str) -> Callable[[int], Any]:
        """A member: what the last answers had there."""
        given = [answer[member] for answer in self.last]
        return lambda number: given[number]


@pytest.fixture(scope="module")
def pair(lamb_of_module: harness.Lamb) -> Iterator[Pair]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with lamb_of_module.serving() as served:
        made = Pair(served, harness.Served(f"http://{host}:{port}", served.key), lamb_of_module.runtime)
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        for side in made.sides:
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            made.client("iam", side).create_role(RoleName="beside-moto", AssumeRolePolicyDocument=document)
            made.client("sqs", side).create_queue(QueueName="beside-moto")
        made.create("f", Publish=True, Description="of all")
        made.same("create_alias", FunctionName="f", Name="live", FunctionVersion="1")
        yield made
    server.stop()


# ------------------------------------------------------------------ what is the same


def test_functions_are_made_shown_changed_and_deleted(pair):
    of = {"FunctionName": "g"}
    variables = {"Environment": {"Variables": {"COLOUR": "red"}}}
    pair.create("g", Timeout=5, MemorySize=256, Publish=True, Tags={"a": "b"}, **variables)
    pair.create("g")
    for qualifier in (
        {},
        {"Qualifier": "$LATEST"},
        {"Qualifier": "1"},
        {"Qualifier": "7"},
        {"Qualifier": "x"},
    ):
        pair.same("get_function", **of, **qualifier)
    for name in ("g:1", f"{HERE}:function:g", f"{HERE}:function:g:1", "nobody"):
        pair.same("get_function", FunctionName=name)
        pair.same("get_function_configuration", FunctionName=name)
    change = {"Description": "new", "Timeout": 7, "MemorySize": 512, "Handler": "app.other"}
    pair.same("update_function_configuration", **of, **change, Environment={"Variables": {"COLOUR": "blue"}})
    pair.same("get_function_configuration", **of)
    pair.same("update_function_code", **of, ZipFile=package("# 2\n"))
    pair.same("update_function_code", **of, ZipFile=package("# 3\n"), Publish=True)
    assert {f["FunctionName"] for f in pair.same("list_functions")["Functions"]} >= {"f", "g"}
    pair.same("list_functions", FunctionVersion="ALL")
    for operation, members in (
        ("update_function_configuration", {"Timeout": 4}),
        ("update_function_code", {"ZipFile": package()}),
        ("publish_version", {}),
        ("delete_function", {}),
    ):
        assert pair.same(operation, FunctionName="nobody", **members) == f"Function not found: {NOBODY}"
    pair.same("delete_function", FunctionName=f"{HERE}:function:g")
    pair.same("get_function", **of)


@pytest.mark.parametrize(
    "members",
    [
        {"Architectures": ["x86_64"]},
        {"EphemeralStorage": {"Size": 1024}},
        {"TracingConfig": {"Mode": "Active"}},
        {"Code": {"S3Bucket": "there-is-no-such-bucket", "S3Key": "x.zip"}},
    ],
    ids=lambda members: next(iter(members)),
)
def test_functions_are_made_with_what_they_may_have(pair, members):
    pair.create(f"with-{next(iter(members))}", **members)


def test_versions_are_published_and_listed(pair):
    of = {"FunctionName": "versions"}
    pair.create("versions", Description="d")
    assert pair.same("publish_version", **of)["Version"] == "1"
    assert pair.same("publish_version", **of, Description="nothing new")["Description"] == "d"
    pair.same("update_function_code", **of, ZipFile=package("# 2\n"))
    assert pair.same("publish_version", **of, Description="two")["Description"] == "two"
    listed = pair.same("list_versions_by_function", **of)["Versions"]
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]
    pair.same("delete_function", **of, Qualifier="1")
    pair.same("get_function", **of, Qualifier="1")
    assert len(pair.same("list_versions_by_function", **of)["Versions"]) == 2


def test_aliases_are_made_shown_changed_and_deleted(pair):
    of = {"FunctionName": "aliases"}
    pair.create("aliases", Publish=True)
    pair.same("update_function_code", **of, ZipFile=package("# 2\n"), Publish=True)
    weights = {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}
    pair.same("create_alias", **of, Name="one", FunctionVersion="1")
    pair.same("create_alias", **of, Name="two", FunctionVersion="2", Description="x", **weights)
    pair.same("create_alias", FunctionName=f"{HERE}:function:aliases", Name="late", FunctionVersion="$LATEST")
    pair.same("get_alias", **of, Name="one")
    pair.same("get_alias", FunctionName=f"{HERE}:function:aliases:one", Name="one")
    pair.same("update_alias", **of, Name="one", FunctionVersion="2", Description="y")
    pair.same("update_alias", **of, Name="two", RoutingConfig={"AdditionalVersionWeights": {"1": 0.2}})
    assert [a["Name"] for a in pair.same("list_aliases", **of)["Aliases"]] == ["late", "one", "two"]
    for _ in range(2):
        pair.same("delete_alias", **of, Name="late")
    pair.same("get_alias", **of, Name="late")
    pair.same("create_alias", **of, Name="x", FunctionVersion="99")
    pair.same("create_alias", FunctionName="nobody", Name="x", FunctionVersion="1")


def test_tags_are_kept(pair):
    arn = f"{HERE}:function:f"
    assert pair.same("list_tags", Resource=arn)["Tags"] == {}
    pair.same("tag_resource", Resource=arn, Tags={"spam": "eggs", "more": ""})
    pair.same("untag_resource", Resource=arn, TagKeys=["spam", "trolls"])
    assert pair.same("list_tags", Resource=arn)["Tags"] == {"more": ""}
    for operation, members in (
        ("list_tags", {}),
        ("tag_resource", {"Tags": {"a": "b"}}),
        ("untag_resource", {"TagKeys": ["a"]}),
    ):
        assert pair.same(operation, Resource=NOBODY, **members) == f"Function not found: {NOBODY}"


def test_permissions_are_kept_by_function_version_and_alias(pair):
    pair.create("permitted", Publish=True)
    pair.same("create_alias", FunctionName="permitted", Name="live", FunctionVersion="1")
    bucket = {"Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::b", "SourceAccount": "123412341234"}
    invoking = {"FunctionName": "permitted", "Action": "lambda:InvokeFunction"}
    pair.same("add_permission", **invoking, StatementId="s", **bucket)
    pair.same("add_permission", **invoking, StatementId="o", Principal="*", PrincipalOrgID="o-a1b2c3d4e5")
    assert len(pair.same("get_policy", FunctionName="permitted")["Policy"]["Statement"]) == 2
    for qualifier in ("1", "live"):
        pair.same("add_permission", **invoking, StatementId="s", Qualifier=qualifier, **bucket)
    # moto has one policy for all of them.
    mine, motos = pair.both("get_policy", FunctionName="permitted", Qualifier="live")
    assert len(mine[1]["Policy"]["Statement"]) == 1 < len(motos[1]["Policy"]["Statement"])
    pair.same("remove_permission", FunctionName="permitted", StatementId="s")


def test_concurrency_is_reserved_and_given_back(pair):
    pair.same("put_function_concurrency", FunctionName="f", ReservedConcurrentExecutions=5)
    pair.same("get_function_concurrency", FunctionName="f")
    assert pair.same("get_function", FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    pair.same("delete_function_concurrency", FunctionName="f")
    pair.same("get_function_concurrency", FunctionName="f")
    for operation in ("get_function_concurrency", "delete_function_concurrency"):
        assert pair.same(operation, FunctionName="nobody") == f"Function not found: {NOBODY}"


def test_urls_are_configured(pair):
    whole = {"AllowCredentials": True, "AllowHeaders": ["date"], "AllowMethods": ["*"], "AllowOrigins": ["*"]}
    cors = {**whole, "ExposeHeaders": ["date"], "MaxAge": 86400}
    mode = {"FunctionName": "f", "InvokeMode": "RESPONSE_STREAM"}
    # moto does not remember InvokeMode; AWS tells it where it was sent, and when asked.
    for operation, members in (
        ("create_function_url_config", {**mode, "AuthType": "AWS_IAM", "Cors": cors}),
        ("get_function_url_config", {"FunctionName": "f"}),
        ("update_function_url_config", {**mode, "AuthType": "NONE", "Cors": {"AllowCredentials": False}}),
    ):
        mine, motos = pair.both(operation, **members)
        assert mine[0] == (201 if operation.startswith("create") else 200)
        assert mine[1] == {**motos[1], "InvokeMode": "RESPONSE_STREAM"}
    assert mine[1]["Cors"] == {"AllowCredentials": False}
    pair.same("delete_function_url_config", FunctionName="f")
    assert pair.same("get_function_url_config", FunctionName="f") == GONE


def test_layers_are_published_shown_and_deleted(pair):
    told = {"Description": "d", "CompatibleRuntimes": [pair.runtime], "LicenseInfo": "MIT"}
    of = {"LayerName": "l", "Content": {"ZipFile": package()}, **told}
    pair.same("publish_layer_version", **of)
    pair.same("publish_layer_version", **of, CompatibleArchitectures=["x86_64"])
    arn = f"{HERE}:layer:l"
    pair.same("list_layers")
    assert [v["Version"] for v in pair.same("list_layer_versions", LayerName="l")["LayerVersions"]] == [2, 1]
    assert pair.same("list_layer_versions", LayerName="nothing") == {"LayerVersions": []}
    pair.same("get_layer_version", LayerName="l", VersionNumber=2)
    pair.same("get_layer_version", LayerName=arn, VersionNumber=1)
    pair.create("layered", Layers=[f"{arn}:1"])
    pair.same("update_function_configuration", FunctionName="layered", Layers=[f"{arn}:2"])
    for number in (2, 2, 1):
        pair.same("delete_layer_version", LayerName="l", VersionNumber=number)
        pair.same("list_layers")
    assert pair.same("publish_layer_version", **of)["Version"] == 3


def test_layers_are_shared(pair):
    told = {"Description": "d", "CompatibleRuntimes": [pair.runtime], "LicenseInfo": "MIT"}
    pair.same("publish_layer_version", LayerName="shared", Content={"ZipFile": package()}, **told)
    of = {"LayerName": "shared", "VersionNumber": 1}
    everyone = {"StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    pair.same("add_layer_version_permission", **of, **everyone)
    pair.same("get_layer_version_policy", **of)
    pair.same("remove_layer_version_permission", **of, StatementId="s")


def test_event_invoke_configs_are_kept(pair):
    of = {"FunctionName": "f"}
    ends = {"OnSuccess": {"Destination": QUEUE}, "OnFailure": {"Destination": QUEUE}}
    # AWS's FunctionArn has a qualifier; what moto merely answers to an update AWS keeps, with all the rest.
    expected = {"FunctionArn": f"{HERE}:function:f:$LATEST", "LastModified": "…", "DestinationConfig": ends}
    whole = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 100}
    mine, motos = pair.both("put_function_event_invoke_config", **of, **whole, DestinationConfig=ends)
    assert mine == (200, {**expected, **whole}) == (200, {**motos[1], "FunctionArn": expected["FunctionArn"]})
    mine, _ = pair.both("get_function_event_invoke_config", **of)
    assert mine == (200, {**expected, **whole})
    mine, _ = pair.both("update_function_event_invoke_config", **of, MaximumRetryAttempts=0)
    changed = {**expected, **whole, "MaximumRetryAttempts": 0}
    assert mine == (200, changed)
    mine, motos = pair.both("list_function_event_invoke_configs", **of)
    assert mine == (200, {"FunctionEventInvokeConfigs": [changed]})
    assert len(motos[1]["FunctionEventInvokeConfigs"]) == 1
    pair.same("delete_function_event_invoke_config", **of)
    mine, motos = pair.both("get_function_event_invoke_config", **of)
    assert mine == (*motos[:2], motos[2].replace("function:f ", "function:f:$LATEST "))


def test_mappings_are_made_shown_changed_and_deleted(pair):
    # AWS's mappings of queues have more, and take their time; moto answers 201 and Enabled at once.
    more = {"FunctionResponseTypes": [], "MaximumBatchingWindowInSeconds": 0}
    reason = {"StateTransitionReason": "USER_INITIATED"}
    pair.create("mapped")
    pair.create("other")
    mine, motos = pair.both("create_event_source_mapping", FunctionName="mapped", EventSourceArn=QUEUE)
    assert mine == (202, {**motos[1], **more, **reason})
    assert (pair.last[0]["State"], pair.last[1]["State"]) == ("Creating", "Enabled")
    uuid = pair.remembered("UUID")
    assert state(pair, uuid(0)) == "Enabled"
    for members in ({}, {"EventSourceArn": QUEUE}, {"FunctionName": "mapped"}):
        mine, motos = pair.both("list_event_source_mappings", **members)
        assert [(m["FunctionArn"], m["EventSourceArn"]) for m in mine[1]["EventSourceMappings"]] == [
            (m["FunctionArn"], m["EventSourceArn"]) for m in motos[1]["EventSourceMappings"]
        ]
    change = {"Enabled": False, "BatchSize": 2, "FunctionName": "other"}
    mine, motos = pair.both("update_event_source_mapping", UUID=uuid, **change)
    assert mine == (202, {**motos[1], **more, **reason})
    assert state(pair, uuid(0)) == pair.last[1]["State"] == "Disabled"
    mine, motos = pair.both("get_event_source_mapping", UUID=uuid)
    assert mine == (200, {**motos[1], **more, **reason})
    mine, motos = pair.both("delete_event_source_mapping", UUID=uuid)
    assert mine == (202, {**motos[1], **more, **reason})
    assert pair.last[0]["State"] == pair.last[1]["State"] == "Deleting"
    assert state(pair, uuid(0)) is None
    assert pair.same("get_event_source_mapping", UUID=uuid) == GONE


def state(pair: Pair, uuid: str) -> str | None:
    """Of lamb's mapping, once nothing is under way; None for one that is gone."""
    lamb = pair.clients[0]
    for _ in range(1000):
        try:
            found: str = lamb.get_event_source_mapping(UUID=uuid)["State"]
        except lamb.exceptions.ResourceNotFoundException:
            return None
        if not found.endswith("ing"):
            return found
    pytest.fail("never settled")


# ------------------------------------------------------------------ where moto is not like AWS

RECORDED = "recorded from AWS"
MODEL = "the constraints of AWS's own model"
ABSENT = "11111111-1111-4111-8111-111111111111"
LAYER = {"LayerName": "nothing", "VersionNumber": 1}
INVOKING = {"FunctionName": "f", "Action": "lambda:InvokeFunction"}
NOT_FOUND, INVALID, CONFLICT = (
    "ResourceNotFoundException",
    "InvalidParameterValueException",
    "ResourceConflictException",
)
UNRESERVED = (
    "Specified ReservedConcurrentExecutions for function decreases account's "
    "UnreservedConcurrentExecution below its minimum value of [100]."
)
NO_CONFIG = f"The function {HERE}:function:f:$LATEST doesn't have an EventInvokeConfig"
F, N = {"FunctionName": "f"}, {"FunctionName": "nobody"}
# Operation, members, AWS's answer (its status, and code and text of an error), and where that is known from.
DIFFERENT: list[tuple[str, dict[str, Any], Answer, str]] = [
    ("list_versions_by_function", N, (404, NOT_FOUND, f"Function not found: {NOBODY}"), RECORDED),
    ("create_alias", {**F, "Name": "live", "FunctionVersion": "1"},
     (409, CONFLICT, f"Alias already exists: {HERE}:function:f:live"), RECORDED),
    ("update_alias", {**F, "Name": "x", "FunctionVersion": "1"},
     (404, NOT_FOUND, f"Alias not found: {HERE}:function:f:x"), RECORDED),
    ("get_policy", N, (404, NOT_FOUND, GONE), RECORDED),
    ("remove_permission", {**N, "StatementId": "s"},
     (404, NOT_FOUND, f"No policy found for: {NOBODY}"), RECORDED),
    ("put_function_concurrency", {**N, "ReservedConcurrentExecutions": 5},
     (404, NOT_FOUND, f"Function not found: {NOBODY}:$LATEST"), RECORDED),
    ("put_function_concurrency", {**F, "ReservedConcurrentExecutions": 5000},
     (400, INVALID, UNRESERVED), RECORDED),
    ("delete_function_url_config", F, (404, NOT_FOUND, GONE), RECORDED),
    ("create_function_url_config", {**N, "AuthType": "NONE"},
     (404, NOT_FOUND, "Function does not exist"), RECORDED),
    ("put_function_event_invoke_config", {**N, "MaximumRetryAttempts": 0},
     (404, NOT_FOUND, "The function doesn't exist."), RECORDED),
    ("update_function_event_invoke_config", {**F, "MaximumRetryAttempts": 0},
     (404, NOT_FOUND, NO_CONFIG), RECORDED),
    ("create_event_source_mapping", {**N, "EventSourceArn": QUEUE},
     (400, INVALID, "Function does not exist"), RECORDED),
    ("update_event_source_mapping", {"UUID": ABSENT, "BatchSize": 1}, (404, NOT_FOUND, GONE), RECORDED),
    ("delete_event_source_mapping", {"UUID": ABSENT}, (404, NOT_FOUND, GONE), RECORDED),
    ("get_layer_version", LAYER, (404, NOT_FOUND, GONE), RECORDED),
    ("get_layer_version_policy", LAYER,
     (404, NOT_FOUND, f"Layer version {HERE}:layer:nothing:1 does not exist."), RECORDED),
    ("invoke", {**N, "Payload": b"{}"}, (404, NOT_FOUND, f"Function not found: {NOBODY}:$LATEST"), RECORDED),
    ("get_function_code_signing_config", F, (200, {}), RECORDED),
    ("list_event_source_mappings", {"EventSourceArn": "123"}, (400, "ValidationException"), MODEL),
    ("list_tags", {"Resource": "arn:aws:lambda:123456789012:function:f"},
     (400, "ValidationException"), MODEL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "members", "aws", "source"), DIFFERENT, ids=[f"{n}-{d[0]}" for n, d in enumerate(DIFFERENT)]
)
def test_lamb_answers_as_aws_where_moto_does_not(pair, operation, members, aws, source):
    mine, motos = pair.both(operation, **members)
    assert mine[: len(aws)] == aws, source
    assert motos[: len(aws)] != aws, f"moto has learned it ({source}): compare it above"


@pytest.mark.parametrize(
    ("name", "members", "code", "source"),
    [
        ("x" * 65, {}, INVALID, RECORDED),
        ("two words", {}, "ValidationException", MODEL),
        ("f", {"Runtime": "python2.7"}, INVALID, "ended runtimes: the developer guide"),
        ("f", {"Environment": {"Variables": {"AB": "x" * 5000}}}, INVALID, RECORDED),
        ("f", {"Layers": [f"{HERE}:layer:nothing:1"]}, INVALID, RECORDED),
    ],
)
def test_aws_refuses_functions_that_moto_makes(pair, name, members, code, source):
    given = {"Role": ROLE, "Runtime": pair.runtime, "Handler": "app.handler", "Code": {"ZipFile": package()}}
    unused = name if name != "f" else "unused"
    mine, motos = pair.both("create_function", FunctionName=unused, **{**given, **members})
    assert mine[:2] == (400, code), source
    assert motos[:2] != mine[:2]


def test_an_alias_is_shown_by_its_own_arn(pair):
    """Recorded from AWS; moto gives the ARN of the version behind it."""
    mine, motos = pair.both("get_function", FunctionName="f", Qualifier="live")
    assert mine[1]["Configuration"].pop("FunctionArn") == f"{HERE}:function:f:live"
    assert motos[1]["Configuration"].pop("FunctionArn") == f"{HERE}:function:f:1"
    assert mine == motos


def test_a_version_that_an_alias_names_stays(pair):
    """Quoted in public issues; moto deletes it."""
    pair.create("named", Publish=True)
    pair.same("create_alias", FunctionName="named", Name="live", FunctionVersion="1")
    mine, motos = pair.both("delete_function", FunctionName="named", Qualifier="1")
    told = "Unable to delete version because the following aliases reference it: [live]"
    assert (mine, motos[0]) == ((409, CONFLICT, told), 204)


def test_an_account_is_its_root(pair):
    """Recorded from AWS; moto keeps the number."""
    mine, motos = pair.both("add_permission", **INVOKING, Principal="432143214321", StatementId="account")
    assert mine[1]["Statement"].pop("Principal") == {"AWS": "arn:aws:iam::432143214321:root"}
    assert motos[1]["Statement"].pop("Principal") == "432143214321"
    assert mine[1] == motos[1]
    pair.both("remove_permission", FunctionName="f", StatementId="account")


def test_a_kind_of_url_is_a_condition(pair):
    """Recorded from AWS; moto puts it beside."""
    asked = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    mine, motos = pair.both("add_permission", FunctionName="f", StatementId="url", **asked)
    condition = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    assert (mine[1]["Statement"]["Condition"], motos[1]["Statement"].get("Condition")) == (condition, None)
    pair.both("remove_permission", FunctionName="f", StatementId="url")


def test_a_statement_id_is_used_once_and_missing_statements_are_named(pair):
    """Recorded from AWS; moto keeps both, and has another text."""
    of = {**INVOKING, "Principal": "s3.amazonaws.com", "StatementId": "once"}
    pair.both("add_permission", **of)
    mine, motos = pair.both("add_permission", **of)
    taken = (
        "The statement id (once) provided already exists. "
        "Please provide a new statement id, or remove the existing statement."
    )
    assert (mine, motos[0]) == ((409, CONFLICT, taken), 200)
    mine, _ = pair.both("remove_permission", FunctionName="f", StatementId="never")
    assert mine == (404, NOT_FOUND, "Statement never is not found in resource policy.")
    pair.both("remove_permission", FunctionName="f", StatementId="once")


def test_a_role_that_nobody_stored_may_be_given(pair):
    """AWS and moto want a role that is there. With lamb, functions of a role that nobody stored may do what
    lamb lets every function do (docs/decisions/0018-who-may-call.md)."""
    given = {"Runtime": pair.runtime, "Handler": "app.handler", "Code": {"ZipFile": package()}}
    mine, motos = pair.both(
        "create_function", FunctionName="of-nobody", Role="arn:aws:iam::123456789012:role/nobody", **given
    )
    assert (mine[0], motos[0]) == (201, 400)
