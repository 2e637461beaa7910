"""boto3's Lambda client, unpatched, on functions, versions and aliases: texts, keys, states, ARNs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

PREFIX = "arn:aws:lambda:us-east-1:123456789012:function:"
ARN, NOBODY = f"{PREFIX}f", f"{PREFIX}nobody"
ROLE = "arn:aws:iam::123456789012:role/r"
NOT_NOW = "The operation cannot be performed at this time."
STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)


def package(text: str = "def handler(event, context): return event\n") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), text)
    return packed.getvalue()


@pytest.fixture(scope="module")
def aws(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    """A client that checks nothing itself, over a home with `f`: versions 1 and 2, the alias `live` on 1."""
    config = Config(retries={"max_attempts": 0}, parameter_validation=False)
    with lamb_of_module.serving() as served:
        client = boto3.client("lambda", **served.aws, config=config)
        create(client, "f", Publish=True)
        client.get_waiter("function_active_v2").wait(FunctionName="f")
        client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        changed(client, MemorySize=256)
        client.publish_version(FunctionName="f")
        yield client


def create(aws: Any, name: str, **members: Any) -> dict[str, Any]:
    given = {"Role": ROLE, "Runtime": "python3.11", "Handler": "app.handler", "Code": {"ZipFile": package()}}
    answer: dict[str, Any] = aws.create_function(FunctionName=name, **{**given, **members})
    return answer


def changed(aws: Any, name: str = "f", **members: Any) -> dict[str, Any]:
    """The answer to an update that has settled since."""
    answer: dict[str, Any] = aws.update_function_configuration(FunctionName=name, **members)
    settled(aws, name)
    return answer


def settled(aws: Any, name: str = "f") -> dict[str, Any]:
    """The configuration once nothing is in progress; boto3's own waiter would pause for a second."""
    for _ in range(1000):
        shown: dict[str, Any] = aws.get_function_configuration(FunctionName=name)
        if shown["State"] != "Pending" and shown["LastUpdateStatus"] != "InProgress":
            return shown
    pytest.fail("never settled")


def refused(call: Any, **members: Any) -> tuple[str, int, str, set[str]]:
    """Code, status, text, and the other keys of the error document as boto3 shows it."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    error, metadata = answer["Error"], answer["ResponseMetadata"]
    assert metadata["HTTPHeaders"]["x-amzn-errortype"] == error["Code"]
    return (
        error["Code"],
        metadata["HTTPStatusCode"],
        error["Message"],
        answer.keys() - {"Error", "ResponseMetadata"},
    )


def said(call: Any, **members: Any) -> str:
    return refused(call, **members)[2]


# ------------------------------------------------------------------ states


def test_pending_is_seen_and_passes(aws):
    made = create(aws, "new")
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    assert made["StateReason"] == "The function is being created."
    assert "LastUpdateStatus" not in made
    active = settled(aws, "new")
    assert (active["State"], active["LastUpdateStatus"]) == ("Active", "Successful")
    assert active.keys().isdisjoint({"StateReason", "StateReasonCode", "LastUpdateStatusReason"})
    assert active["RevisionId"] != made["RevisionId"]


def test_an_update_in_progress_is_seen_and_passes(aws):
    before = settled(aws)
    changing = aws.update_function_configuration(FunctionName="f", Timeout=4)
    assert (changing["State"], changing["LastUpdateStatus"]) == ("Active", "InProgress")
    # AWS's own oddity.
    assert changing["LastUpdateStatusReason"] == "The function is being created."
    assert changing["LastUpdateStatusReasonCode"] == "Creating"
    after = settled(aws)
    assert len({shown["RevisionId"] for shown in (before, changing, after)}) == 3


def test_a_redundant_update_and_each_tag_give_new_revisions(aws):
    seen = [settled(aws)["RevisionId"]]
    changed(aws, Timeout=settled(aws)["Timeout"])
    seen.append(settled(aws)["RevisionId"])
    aws.tag_resource(Resource=ARN, Tags={"a": "b"})
    seen.append(settled(aws)["RevisionId"])
    aws.untag_resource(Resource=ARN, TagKeys=["a"])
    seen.append(settled(aws)["RevisionId"])
    assert len(set(seen)) == len(seen)


def test_all_of_boto3_s_waiters_come_to_an_end(aws):
    for waiter in ("function_exists", "function_active", "function_active_v2", "function_updated_v2"):
        aws.get_waiter(waiter).wait(FunctionName="f", WaiterConfig={"Delay": 0})
    aws.get_waiter("published_version_active").wait(
        FunctionName="f", Qualifier="1", WaiterConfig={"Delay": 0}
    )


# ------------------------------------------------------------------ ARNs


def test_an_arn_is_qualified_as_it_was_asked_for(aws):
    shown = {
        qualifier: aws.get_function(FunctionName="f", **({"Qualifier": qualifier} if qualifier else {}))
        for qualifier in (None, "$LATEST", "1", "live")
    }
    arns = {qualifier: answer["Configuration"]["FunctionArn"] for qualifier, answer in shown.items()}
    assert arns == {None: ARN, "$LATEST": f"{ARN}:$LATEST", "1": f"{ARN}:1", "live": f"{ARN}:live"}
    one, live = shown["1"]["Configuration"], shown["live"]["Configuration"]
    assert (live["Version"], live["RevisionId"]) == ("1", one["RevisionId"])
    assert "Tags" not in shown[None]


def test_lists_show_no_states_and_their_own_arns(aws):
    every = aws.list_functions(FunctionVersion="ALL")["Functions"]
    versions = aws.list_versions_by_function(FunctionName="f")["Versions"]
    alone = aws.list_functions()["Functions"]
    assert [v["FunctionArn"] for v in versions] == [f"{ARN}:{label}" for label in ("$LATEST", "1", "2")]
    assert [v["FunctionArn"] for v in every if v["FunctionName"] == "f"] == [
        v["FunctionArn"] for v in versions
    ]
    assert ARN in [f["FunctionArn"] for f in alone]
    for entry in every + versions + alone:
        assert entry.keys().isdisjoint({"State", "LastUpdateStatus", "RuntimeVersionConfig"})
        assert {"LoggingConfig", "SnapStart", "EphemeralStorage"} <= entry.keys()


@pytest.mark.parametrize(
    ("operation", "member", "members"),
    [
        ("list_functions", "Functions", {"FunctionVersion": "ALL"}),
        ("list_versions_by_function", "Versions", {"FunctionName": "f"}),
        ("list_aliases", "Aliases", {"FunctionName": "f"}),
    ],
)
def test_pages_are_followed_by_markers_that_only_we_understand(aws, operation, member, members):
    call = getattr(aws, operation)
    whole = call(**members)
    assert "NextMarker" not in whole
    pages = aws.get_paginator(operation).paginate(**members, PaginationConfig={"PageSize": 1})
    assert [item for page in pages for item in page[member]] == whole[member]
    code, status, _, _ = refused(call, **members, Marker="nonsense")
    assert (code, status) == ("InvalidParameterValueException", 400)


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("operation", "members", "arn"),
    [
        ("get_function", {}, NOBODY),
        ("get_function", {"Qualifier": "1"}, f"{NOBODY}:1"),
        ("get_function_configuration", {}, NOBODY),
        ("delete_function", {}, NOBODY),
        ("update_function_configuration", {"Timeout": 3}, NOBODY),
        ("update_function_code", {"ZipFile": package()}, NOBODY),
        ("list_versions_by_function", {}, NOBODY),
        ("get_function_concurrency", {}, NOBODY),
        ("get_function_code_signing_config", {}, NOBODY),
        ("get_runtime_management_config", {}, NOBODY),
        ("get_function_recursion_config", {}, NOBODY),
        ("invoke", {}, f"{NOBODY}:$LATEST"),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}, f"{NOBODY}:$LATEST"),
        ("create_alias", {"Name": "a", "FunctionVersion": "1"}, f"{NOBODY}:1"),
        ("create_alias", {"Name": "a", "FunctionVersion": "$LATEST"}, f"{NOBODY}:$LATEST"),
    ],
)
def test_a_missing_function_is_named_as_each_operation_names_it(aws, operation, members, arn):
    answer = refused(getattr(aws, operation), FunctionName="nobody", **members)
    assert answer == ("ResourceNotFoundException", 404, f"Function not found: {arn}", {"Type", "Message"})


def test_missing_functions_of_event_configs_are_not_named(aws):
    nobody, none = (
        "The function doesn't exist.",
        f"The function {NOBODY}:$LATEST doesn't have an EventInvokeConfig",
    )
    one = {"MaximumRetryAttempts": 1}
    for operation, members, words in (
        ("put_function_event_invoke_config", one, nobody),
        ("update_function_event_invoke_config", one, nobody),
        ("list_function_event_invoke_configs", {}, nobody),
        ("get_function_event_invoke_config", {}, none),
        ("delete_function_event_invoke_config", {}, none),
    ):
        answer = refused(getattr(aws, operation), FunctionName="nobody", **members)
        assert answer == ("ResourceNotFoundException", 404, words, {"Type", "Message"})
    call = aws.put_function_event_invoke_config
    assert said(call, FunctionName="f", Qualifier="no", MaximumRetryAttempts=1) == nobody
    assert said(aws.get_function_event_invoke_config, FunctionName="f:no") == (
        f"The function {ARN}:no doesn't have an EventInvokeConfig"
    )


def test_other_regions_accounts_and_qualifiers_are_told_apart(aws):
    elsewhere = ARN.replace("us-east-1", "eu-west-1")
    words = "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    for operation in ("get_function", "delete_function", "invoke"):
        assert refused(getattr(aws, operation), FunctionName=elsewhere)[:3] == (
            "ResourceNotFoundException",
            404,
            words,
        )
    other = ARN.replace("123456789012", "999999999999")
    assert refused(aws.get_function, FunctionName=other)[:3] == ("AccessDeniedException", 403, None)
    assert refused(aws.get_function, FunctionName="f:1", Qualifier="2") == (
        "InvalidParameterValueException",
        400,
        "The derived qualifier from the function name does not match the specified qualifier.",
        {"Type", "message"},
    )
    assert aws.get_function(FunctionName="123456789012:function:f:1")["Configuration"]["Version"] == "1"


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"Runtime": "Python3.11"},
            "Value Python3.11 at 'runtime' failed to satisfy constraint: Member must sat",
        ),
        (
            {"Runtime": "python3.7"},
            "The runtime parameter of python3.7 is no longer supported for creating or",
        ),
        (
            {"Runtime": None},
            "Runtime and Handler are mandatory parameters for functions created with deployment",
        ),
        (
            {"MemorySize": 10241},
            "'MemorySize' value failed to satisfy constraint: Member must have value less t",
        ),
        ({"Code": {}}, "Please provide a source for function code."),
        ({"Code": {"ZipFile": b""}}, "Uploaded file must be a non-empty zip"),
        (
            {"Code": {"ZipFile": b"x"}},
            "Could not unzip uploaded file. Please check your file, then try to uplo",
        ),
        (
            {"Code": {"ImageUri": "i"}},
            "Please don't provide ImageUri when creating a function with packageTyp",
        ),
        (
            {"SnapStart": {"ApplyOn": "PublishedVersions"}},
            "python3.11 is not supported for SnapStart enabled",
        ),
        (
            {"LoggingConfig": {"SystemLogLevel": "INFO"}},
            'LogLevel is not supported when LogFormat is set to "T',
        ),
        ({"Tags": {str(n): "" for n in range(51)}}, "Number of tags exceeds resource tag limit."),
        ({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}, "lamb does not support TenancyConfig"),
        (
            {"FunctionName": "a" * 65},
            f"1 validation error detected: Value '{'a' * 65}' at 'functionName' failed",
        ),
    ],
)
def test_a_rule_of_lambda_is_an_invalid_parameter_value(aws, members, words):
    name = members.pop("FunctionName", "g")
    code, status, text, keys = refused(create, aws=aws, name=name, **members)
    assert (code, status, keys) == ("InvalidParameterValueException", 400, {"Type", "message"})
    assert text.startswith(words)


def test_constraints_of_shapes_are_told_all_at_once(aws):
    code, status, text, keys = refused(
        create, aws=aws, name="g", Role="x", Timeout=3000, Architectures=["x86_64", "arm64"], Handler="a b"
    )
    assert (code, status, keys) == ("ValidationException", 400, set())
    assert text.startswith("4 validation errors detected: Value 'x' at 'role' failed to satisfy constraint: ")
    for part in (
        "; Value '3000' at 'timeout' failed to satisfy constraint: Member must have value less than ",
        "Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: ",
        "Value 'a b' at 'handler' failed to satisfy constraint: Member must satisfy regular expression ",
    ):
        assert part in text


def test_a_conflict_says_with_what(aws):
    assert refused(create, aws=aws, name="f") == (
        "ResourceConflictException",
        409,
        "Function already exist: f",
        {"Type", "message"},
    )
    assert said(aws.create_alias, FunctionName="f", Name="live", FunctionVersion="1") == (
        f"Alias already exists: {ARN}:live"
    )
    assert said(aws.delete_function, FunctionName="f:1") == (
        "Unable to delete version because the following aliases reference it: [live]"
    )


def test_a_stale_revision_is_a_failed_precondition(aws):
    for operation, members in (
        ("update_function_configuration", {"Timeout": 3}),
        ("update_function_code", {"ZipFile": package()}),
        ("publish_version", {}),
        ("update_alias", {"Name": "live"}),
    ):
        answer = refused(getattr(aws, operation), FunctionName="f", RevisionId="old", **members)
        assert answer == ("PreconditionFailedException", 412, STALE, {"Type", "message"})


def test_what_cannot_be_deleted_alone_says_so(aws):
    latest = "$LATEST version cannot be deleted without deleting the function."
    assert said(aws.delete_function, FunctionName="f", Qualifier="$LATEST") == latest
    alias = "Deletion of aliases is not currently supported."
    assert said(aws.delete_function, FunctionName="f", Qualifier="live") == alias
    for _ in range(2):
        gone = aws.delete_function(FunctionName="f", Qualifier="99")
        assert gone["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert aws.delete_alias(FunctionName="f", Name="no")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_a_missing_alias_is_named_in_three_ways(aws):
    assert said(aws.get_alias, FunctionName="f", Name="no") == f"Cannot find alias arn: {ARN}:no"
    assert said(aws.update_alias, FunctionName="f", Name="no") == f"Alias not found: {ARN}:no"
    assert said(aws.get_function, FunctionName="f:no") == f"Function not found: {ARN}:no"


def test_a_request_body_has_a_limit_for_its_operation(aws):
    text = {"Variables": {"A_KEY": "x" * 5200}}
    assert refused(aws.update_function_configuration, FunctionName="f", Environment=text)[:3] == (
        "RequestEntityTooLargeException",
        413,
        "Request must be smaller than 5120 bytes for the UpdateFunctionConfiguration operation",
    )


# ------------------------------------------------------------------ which members are there


def test_members_that_are_unset_are_absent(aws):
    unset = {"Environment", "Layers", "VpcConfig", "DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs"}
    assert settled(aws, "new").keys().isdisjoint(unset)
    assert changed(aws, "new", Environment={})["Environment"] == {"Variables": {}}


def test_a_function_out_of_its_vpc_keeps_an_empty_one(aws):
    inside = changed(aws, "new", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})
    vpc = inside["VpcConfig"]
    assert vpc.pop("VpcId").startswith("vpc-")
    assert vpc == {
        "SubnetIds": ["subnet-1"],
        "SecurityGroupIds": ["sg-1"],
        "Ipv6AllowedForDualStack": False,
    }
    outside = changed(aws, "new", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    assert outside["VpcConfig"] == {
        "SubnetIds": [],
        "SecurityGroupIds": [],
        "VpcId": "",
        "Ipv6AllowedForDualStack": False,
    }


def test_a_part_of_the_logging_config_leaves_the_rest(aws):
    shown = [
        changed(aws, "new", LoggingConfig=given)["LoggingConfig"]
        for given in (
            {"LogFormat": "JSON"},
            {"ApplicationLogLevel": "DEBUG"},
            {"LogGroup": "/mine"},
            {"LogFormat": "Text"},
        )
    ]
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert shown == [
        {"LogFormat": "JSON", "LogGroup": "/aws/lambda/new", **levels},
        {"LogFormat": "JSON", "LogGroup": "/aws/lambda/new", **levels, "ApplicationLogLevel": "DEBUG"},
        {"LogFormat": "JSON", "LogGroup": "/mine", **levels, "ApplicationLogLevel": "DEBUG"},
        {"LogFormat": "Text", "LogGroup": "/mine"},
    ]


def test_a_dead_letter_config_stays_until_it_is_emptied(aws, lamb_of_module):
    lamb_of_module.run("queue", "create", "dead")
    arn = "arn:aws:sqs:us-east-1:123456789012:dead"
    for given in ({"TargetArn": arn}, {}):
        assert changed(aws, "new", DeadLetterConfig=given)["DeadLetterConfig"] == {"TargetArn": arn}
    assert "DeadLetterConfig" not in changed(aws, "new", DeadLetterConfig={"TargetArn": ""})


# ------------------------------------------------------------------ versions, aliases, the account


def test_publishing_nothing_new_answers_the_version_that_is_there(aws):
    first = aws.publish_version(FunctionName="f", Description="one")
    again = aws.publish_version(FunctionName="f", Description="another")
    assert first["FunctionArn"] == f"{ARN}:{first['Version']}"
    assert (first["State"], first["LastUpdateStatus"]) == ("Active", "Successful")
    for member in ("Version", "RevisionId", "Description"):
        assert again[member] == first[member]
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 201


def test_weights_vanish_when_they_are_emptied(aws):
    routing = {"AdditionalVersionWeights": {"2": 0.25}}
    made = aws.create_alias(FunctionName="f", Name="split", FunctionVersion="1", RoutingConfig=routing)
    assert made["RoutingConfig"] == routing
    assert aws.update_alias(FunctionName="f", Name="split", Description="d")["RoutingConfig"] == routing
    cleared = aws.update_alias(FunctionName="f", Name="split", RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in cleared
    assert cleared["RevisionId"] != made["RevisionId"]


WEIGHT = (
    "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed "
    "to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or "
    "equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]"
)


@pytest.mark.parametrize(
    ("version", "weights", "answer"),
    [
        (
            "1",
            {"2": 2.0},
            WEIGHT,
        ),
        (
            "1",
            {"1": 0.5},
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        ("$LATEST", {"1": 0.5}, "$LATEST is not supported for an alias pointing to more than 1 version"),
        ("1", {"2": 0.1, "1": 0.1}, "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        ("1", {"70": 0.5}, f"Function not found: {ARN}:70"),
        ("70", {}, f"Function not found: {ARN}:70"),
    ],
)
def test_a_route_that_cannot_be_is_refused(aws, version, weights, answer):
    routing = {"AdditionalVersionWeights": weights}
    call = aws.create_alias
    assert said(call, FunctionName="f", Name="x", FunctionVersion=version, RoutingConfig=routing) == answer


def test_the_account_counts_each_published_zip(aws):
    def used() -> int:
        return int(aws.get_account_settings()["AccountUsage"]["TotalCodeSize"])

    size = len(package())
    start = used()
    create(aws, "counted")
    settled(aws, "counted")
    assert used() - start == size
    changed(aws, "counted", Timeout=9)
    assert used() - start == size
    aws.publish_version(FunctionName="counted")
    assert used() - start == 2 * size
    aws.delete_function(FunctionName="counted")
    assert used() == start
