from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from unit.api.desk import Answer, Desk

FUNCTIONS = "/2015-03-31/functions"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
ROLE = "arn:aws:iam::123456789012:role/r"
MISMATCH = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)


def package(source: str = "def handler(event, context):\n    return event\n") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, source)
    return packed.getvalue()


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


ZIP = package()


def creation(**members: Any) -> dict[str, Any]:
    return {
        "FunctionName": "f",
        "Role": ROLE,
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Code": {"ZipFile": base64_of(ZIP)},
        **members,
    }


def create(office: Desk, **members: Any) -> Answer:
    answer = office.ask("POST", FUNCTIONS, creation(**members))
    assert answer.status == 201, answer.body
    office.services.settle()
    return answer


def publish(office: Desk, name: str = "f", **members: Any) -> Answer:
    answer = office.ask("POST", f"{FUNCTIONS}/{name}/versions", members)
    assert answer.status == 201, answer.body
    return answer


def change(office: Desk, **members: Any) -> Answer:
    answer = office.ask("PUT", f"{FUNCTIONS}/f/configuration", members)
    assert answer.status == 200, answer.body
    office.services.settle()
    return answer


def two_versions(office: Desk) -> None:
    create(office)
    publish(office)
    change(office, MemorySize=256)
    publish(office)


# ------------------------------------------------------------------------------------- functions


def test_a_created_function_is_pending_and_shows_every_member(office: Desk) -> None:
    answer = office.ask("POST", FUNCTIONS, creation())
    document = answer.document
    assert answer.status == 201
    assert document.pop("RevisionId")
    assert document.pop("LastModified").endswith("+0000")
    assert document.pop("RuntimeVersionConfig")["RuntimeVersionArn"].startswith(
        "arn:aws:lambda:us-east-1::runtime:"
    )
    assert document == {
        "FunctionName": "f",
        "FunctionArn": ARN,
        "Runtime": "python3.11",
        "Role": ROLE,
        "Handler": "app.handler",
        "CodeSize": len(ZIP),
        "CodeSha256": base64_of(hashlib.sha256(ZIP).digest()),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    }


def test_a_settled_function_is_active_under_a_new_revision(office: Desk) -> None:
    first = create(office).document
    configuration = office.ask("GET", f"{FUNCTIONS}/f/configuration").document
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert "StateReason" not in configuration
    assert configuration["RevisionId"] != first["RevisionId"]


def test_an_environment_is_shown_only_if_one_was_given(office: Desk) -> None:
    assert "Environment" not in create(office).document
    assert create(office, FunctionName="g", Environment={"Variables": {}}).document["Environment"] == {
        "Variables": {}
    }
    shown = create(office, FunctionName="h", Environment={"Variables": {"KEY": "ä"}}).document["Environment"]
    assert shown == {"Variables": {"KEY": "ä"}}
    assert office.ask("GET", "/_lamb/functions/h/environment").document == {"Variables": {"KEY": "ä"}}
    assert office.ask("GET", "/_lamb/functions/f/environment").document == {"Variables": {}}


def test_the_network_is_shown_only_when_it_is_not_the_default(office: Desk) -> None:
    assert "Lamb" not in create(office).document
    assert create(office, FunctionName="g", Lamb={"Network": "none"}).document["Lamb"] == {"Network": "none"}


def test_json_logs_have_levels(office: Desk) -> None:
    document = create(office, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"}).document
    assert document["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "DEBUG",
        "SystemLogLevel": "INFO",
        "LogGroup": "/aws/lambda/f",
    }


def test_publishing_on_create_answers_version_1_with_the_bare_arn(office: Desk) -> None:
    document = create(office, Publish=True).document
    assert (document["Version"], document["FunctionArn"]) == ("1", ARN)


def test_a_name_is_given_once(office: Desk) -> None:
    create(office)
    answer = office.ask("POST", FUNCTIONS, creation())
    assert (answer.status, answer.error) == (409, "ResourceConflictException")
    assert answer.document == {"Type": "User", "message": "Function already exist: f"}


def test_what_is_not_a_zip_is_refused(office: Desk) -> None:
    answer = office.ask("POST", FUNCTIONS, creation(Code={"ZipFile": base64_of(b"no zip")}))
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")


def test_get_function_leads_to_the_very_zip(office: Desk) -> None:
    create(office, Tags={"team": "a"})
    document = office.ask("GET", f"{FUNCTIONS}/f", headers={"Host": "localhost:9000"}).document
    assert document["Tags"] == {"team": "a"}
    assert "Concurrency" not in document
    assert document["Code"]["RepositoryType"] == "S3"
    host, _, path = document["Code"]["Location"].removeprefix("http://").partition("/")
    assert host == "localhost:9000"
    zipped = office.ask("GET", f"/{path}")
    assert (zipped.body, zipped.headers["content-type"]) == (ZIP, "application/zip")


@pytest.mark.parametrize(
    ("target", "arn", "version"),
    [
        ("f", ARN, "$LATEST"),
        ("f?Qualifier=%24LATEST", f"{ARN}:$LATEST", "$LATEST"),
        ("f?Qualifier=1", f"{ARN}:1", "1"),
        ("f?Qualifier=live", f"{ARN}:live", "1"),
        ("f%3Alive", f"{ARN}:live", "1"),
    ],
)
def test_the_arn_is_shown_as_it_was_asked_for(office: Desk, target: str, arn: str, version: str) -> None:
    create(office, Publish=True)
    office.ask("POST", f"{FUNCTIONS}/f/aliases", {"Name": "live", "FunctionVersion": "1"})
    document = office.ask("GET", f"{FUNCTIONS}/{target}").document["Configuration"]
    assert (document["FunctionArn"], document["Version"]) == (arn, version)


def test_a_function_that_is_not_there_is_named_without_a_qualifier(office: Desk) -> None:
    answer = office.ask("GET", f"{FUNCTIONS}/f")
    assert (answer.status, answer.error) == (404, "ResourceNotFoundException")
    assert answer.document == {"Type": "User", "Message": f"Function not found: {ARN}"}
    answer = office.ask("GET", f"{FUNCTIONS}/f?Qualifier=9")
    assert answer.document["Message"] == f"Function not found: {ARN}:9"


def test_another_region_and_another_account_are_out_of_reach(office: Desk) -> None:
    answer = office.ask("GET", f"{FUNCTIONS}/{ARN.replace('us-east-1', 'eu-west-1')}")
    assert answer.status == 404
    assert answer.document["Message"] == (
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    )
    answer = office.ask("GET", f"{FUNCTIONS}/{ARN.replace('123456789012', '999999999999')}")
    assert (answer.status, answer.error) == (403, "AccessDeniedException")


def test_two_different_qualifiers_contradict_each_other(office: Desk) -> None:
    answer = office.ask("GET", f"{FUNCTIONS}/f%3A1?Qualifier=2")
    assert answer.document == {
        "Type": "User",
        "message": "The derived qualifier from the function name does not match the specified qualifier.",
    }


def test_a_change_is_in_progress_until_it_has_settled(office: Desk) -> None:
    create(office)
    answer = office.ask("PUT", f"{FUNCTIONS}/f/configuration", {"Timeout": 10})
    assert answer.document["Timeout"] == 10
    assert answer.document["LastUpdateStatus"] == "InProgress"
    assert answer.document["LastUpdateStatusReason"] == "The function is being created."
    again = office.ask("PUT", f"{FUNCTIONS}/f/configuration", {"Timeout": 11})
    assert (again.status, again.document["message"]) == (
        409,
        f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}",
    )
    office.services.settle()
    assert change(office, Timeout=11).document["Timeout"] == 11


def test_new_code_has_a_new_hash_and_publishing_it_answers_the_version(office: Desk) -> None:
    first = create(office).document
    body = {"ZipFile": base64_of(package("def handler(event, context): pass\n")), "Publish": True}
    answer = office.ask("PUT", f"{FUNCTIONS}/f/code", body)
    assert answer.document["CodeSha256"] != first["CodeSha256"]
    assert (answer.document["Version"], answer.document["FunctionArn"]) == ("1", f"{ARN}:1")


def test_a_stale_revision_is_a_failed_precondition(office: Desk) -> None:
    create(office)
    for method, target, body in [
        ("PUT", "f/configuration", {"RevisionId": "x"}),
        ("PUT", "f/code", {"RevisionId": "x", "ZipFile": base64_of(ZIP)}),
        ("POST", "f/versions", {"RevisionId": "x"}),
    ]:
        answer = office.ask(method, f"{FUNCTIONS}/{target}", body)
        assert (answer.status, answer.error) == (412, "PreconditionFailedException"), target
        assert answer.document == {"Type": "User", "message": MISMATCH}


def test_lists_show_no_state_and_come_in_pages(office: Desk) -> None:
    for name in ("a", "b", "c"):
        create(office, FunctionName=name, Publish=True)
    first = office.ask("GET", f"{FUNCTIONS}?MaxItems=2").document
    assert [entry["FunctionName"] for entry in first["Functions"]] == ["a", "b"]
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & set(first["Functions"][0])
    assert first["Functions"][0]["FunctionArn"].endswith(":function:a")
    rest = office.ask("GET", f"{FUNCTIONS}?Marker={first['NextMarker'].replace('=', '%3D')}").document
    assert [entry["FunctionName"] for entry in rest["Functions"]] == ["c"]
    assert not rest.get("NextMarker")


def test_all_versions_are_listed_with_qualified_arns(office: Desk) -> None:
    create(office, Publish=True)
    found = office.ask("GET", f"{FUNCTIONS}?FunctionVersion=ALL").document["Functions"]
    assert [entry["FunctionArn"] for entry in found] == [f"{ARN}:$LATEST", f"{ARN}:1"]


def test_a_deleted_function_is_gone_and_cannot_be_deleted_again(office: Desk) -> None:
    create(office)
    answer = office.ask("DELETE", f"{FUNCTIONS}/f")
    assert (answer.status, answer.body) == (204, b"")
    assert office.ask("DELETE", f"{FUNCTIONS}/f").status == 404


# ------------------------------------------------------------------------------------- versions, aliases


def test_versions_are_listed_from_latest_upwards(office: Desk) -> None:
    two_versions(office)
    found = office.ask("GET", f"{FUNCTIONS}/f/versions").document["Versions"]
    assert [entry["FunctionArn"] for entry in found] == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:2"]


def test_publishing_twice_without_a_change_answers_the_same_version(office: Desk) -> None:
    create(office)
    first = publish(office, Description="first").document
    second = publish(office, Description="second").document
    assert first == second
    assert (first["Version"], first["Description"], first["State"]) == ("1", "first", "Active")


def test_a_wrong_hash_stops_a_publish(office: Desk) -> None:
    create(office)
    answer = office.ask("POST", f"{FUNCTIONS}/f/versions", {"CodeSha256": "x"})
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")
    assert answer.document["message"].startswith("CodeSHA256 (x) is different from current CodeSHA256")


def test_an_alias_shows_its_weights_only_while_it_has_some(office: Desk) -> None:
    two_versions(office)
    weights = {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}}
    made = office.ask("POST", f"{FUNCTIONS}/f/aliases", {"Name": "live", "FunctionVersion": "1", **weights})
    assert made.status == 201
    document = made.document
    assert document.pop("RevisionId")
    assert document == {
        "AliasArn": f"{ARN}:live",
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "",
        **weights,
    }
    cleared = office.ask("PUT", f"{FUNCTIONS}/f/aliases/live", {"RoutingConfig": {}})
    assert "RoutingConfig" not in cleared.document


def test_an_alias_goes_back_to_where_it_was(office: Desk) -> None:
    two_versions(office)
    office.ask("POST", f"{FUNCTIONS}/f/aliases", {"Name": "live", "FunctionVersion": "1"})
    office.ask("PUT", f"{FUNCTIONS}/f/aliases/live", {"FunctionVersion": "2"})
    answer = office.ask("POST", "/_lamb/functions/f/aliases/live/rollback")
    assert (answer.status, answer.document["FunctionVersion"]) == (200, "1")


def test_aliases_are_listed_filtered_and_deleted_without_complaint(office: Desk) -> None:
    two_versions(office)
    for name, version in (("a", "1"), ("b", "2")):
        office.ask("POST", f"{FUNCTIONS}/f/aliases", {"Name": name, "FunctionVersion": version})
    found = office.ask("GET", f"{FUNCTIONS}/f/aliases?FunctionVersion=2").document["Aliases"]
    assert [alias["Name"] for alias in found] == ["b"]
    for _ in range(2):
        assert office.ask("DELETE", f"{FUNCTIONS}/f/aliases/a").status == 204


@pytest.mark.parametrize(
    ("method", "message"), [("GET", f"Cannot find alias arn: {ARN}:x"), ("PUT", f"Alias not found: {ARN}:x")]
)
def test_a_missing_alias_has_the_text_of_its_operation(office: Desk, method: str, message: str) -> None:
    create(office)
    answer = office.ask(method, f"{FUNCTIONS}/f/aliases/x", {} if method == "PUT" else b"")
    assert (answer.status, answer.document["Message"]) == (404, message)


# ------------------------------------------------------------------------------------- the rest


def test_tags_are_set_shown_and_removed(office: Desk) -> None:
    create(office)
    tags = f"/2017-03-31/tags/{ARN.replace(':', '%3A')}"
    assert office.ask("POST", tags, {"Tags": {"a": "1", "b": "2"}}).status == 204
    assert office.ask("DELETE", f"{tags}?tagKeys=a").status == 204
    assert office.ask("GET", tags).document == {"Tags": {"b": "2"}}


def test_the_account_counts_its_functions(office: Desk) -> None:
    create(office)
    document = office.ask("GET", "/2016-08-19/account-settings").document
    assert document["AccountUsage"]["FunctionCount"] == 1
    assert document["AccountLimit"]["ConcurrentExecutions"] == 1000


def test_completion_names_functions_versions_and_aliases(office: Desk) -> None:
    create(office, Publish=True)
    office.ask("POST", f"{FUNCTIONS}/f/aliases", {"Name": "live", "FunctionVersion": "1"})
    asked = {
        kind: office.ask("GET", f"/_lamb/complete?kind={kind}&function=f").body.decode().split()
        for kind in ("functions", "versions", "aliases")
    }
    assert asked == {"functions": ["f"], "versions": ["$LATEST", "1"], "aliases": ["live"]}


def test_log_entries_come_as_lines_of_json(office: Desk) -> None:
    create(office)
    entries = [{"timestamp": 1, "message": "a"}, {}, {"timestamp": 2, "message": "ü"}]
    office.services.entries = entries
    answer = office.ask("GET", "/_lamb/logs/f?since_ms=5&grep=x&request_id=r")
    assert [json.loads(line) for line in answer.body.splitlines()] == [entries[0], entries[2]]
    query = office.services.queries[0]
    assert (query.follow, query.since_ms, query.grep, query.request_id) == (False, 5, "x", "r")


def test_following_ends_with_its_caller(office: Desk) -> None:
    create(office)
    office.services.entries = [{"timestamp": 1}]
    answer = office.ask("GET", "/_lamb/logs/f?follow=1")
    assert answer.body == b'{"timestamp":1}\n'
    assert office.services.hung_up


def test_logs_of_a_function_that_never_was_are_an_error(office: Desk) -> None:
    assert office.ask("GET", "/_lamb/logs/nobody").status == 404


def test_keys_are_shown_and_rotated(office: Desk) -> None:
    create(office, Environment={"Variables": {"KEY": "v"}})
    before = office.ask("GET", "/_lamb/key").document
    assert office.ask("POST", "/_lamb/key/rotate").document != before
    assert office.ask("GET", "/_lamb/functions/f/environment").document == {"Variables": {"KEY": "v"}}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            {"ImageUri": "1.dkr.ecr.us-east-1.amazonaws.com/r:latest"},
            "Please don't provide ImageUri when creating a function with packageType Zip.",
        ),
        (
            {"ZipFile": base64_of(b"x"), "S3Bucket": "bucket"},
            "Please do not provide other FunctionCode parameters when providing a ZipFile.",
        ),
        ({"S3Bucket": "bucket"}, "Please provide S3Key when providing S3Bucket."),
        ({}, "Please provide a source for function code."),
        (
            {"S3Bucket": "bucket", "S3Key": "k"},
            (
                "Error occurred while GetObject. S3 Error Code: NoSuchBucket. "
                "S3 Error Message: The specified bucket does not exist"
            ),
        ),
    ],
)
def test_code_comes_from_one_place_that_is_there(office: Desk, code: dict[str, Any], message: str) -> None:
    answer = office.ask("POST", FUNCTIONS, creation(Code=code))
    assert (answer.error, answer.document["message"]) == ("InvalidParameterValueException", message)
