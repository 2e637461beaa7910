"""boto3's CloudWatch Logs client, unpatched, against `lamb serve`: only endpoint and keys are set."""

from __future__ import annotations

import inspect
import io
import json
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from harness.signing import signed

HERE = "arn:aws:logs:us-east-1:123456789012:log-group:"
NO_GROUP = "The specified log group does not exist."
NO_STREAM = "The specified log stream does not exist."
CODE = """
import json, logging
def handler(event, context):
    print("got " + json.dumps(event))
    logging.getLogger().error("two\\nlines")
    return context.log_stream_name
"""


@pytest.fixture(scope="module")
def served(lamb_of_module: harness.Lamb) -> Iterator[harness.Served]:
    with lamb_of_module.serving() as served:
        yield served


def client(service: str, served: harness.Served, **config: Any) -> Any:
    return boto3.client(service, **served.aws, config=Config(retries={"max_attempts": 0}, **config))


@pytest.fixture(scope="module")
def logs(served: harness.Served) -> Any:
    return client("logs", served)


@pytest.fixture(scope="module")
def functions(served: harness.Served) -> Any:
    return client("lambda", served)


@pytest.fixture
def group(logs: Any, request: pytest.FixtureRequest) -> str:
    """One for each test."""
    name = "/test/" + "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:80]
    logs.create_log_group(logGroupName=name)
    return name


@pytest.fixture
def stream(logs: Any, group: str) -> str:
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    return "s"


def zipped(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, code)
    return buffer.getvalue()


def create(functions: Any, name: str, runtime: str, code: str = CODE, **more: Any) -> None:
    functions.create_function(
        FunctionName=name,
        Runtime=runtime,
        Role="arn:aws:iam::123456789012:role/r",
        Handler="app.handler",
        Code={"ZipFile": zipped(code)},
        Timeout=30,
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def invoke(functions: Any, name: str, event: Any = None) -> Any:
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


@pytest.fixture(scope="module")
def speaking(functions: Any, lamb_of_module: harness.Lamb) -> tuple[str, str]:
    """The log group of a function that ran twice, and its stream."""
    create(functions, "speaking", lamb_of_module.runtime)
    stream = invoke(functions, "speaking", {"n": 1})
    assert invoke(functions, "speaking", {"n": 2}) == stream
    return "/aws/lambda/speaking", stream


def refused(work: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        work(**members)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Error"]["Code"], error["Error"]["Message"]


def put(logs: Any, group: str, stream: str, *messages: str, first_ms: int | None = None) -> dict[str, Any]:
    """One millisecond after the other, up to now."""
    first_ms = round(time.time() * 1000) - len(messages) if first_ms is None else first_ms
    events = [{"timestamp": first_ms + i, "message": message} for i, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def found(logs: Any, group: str, **members: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **members)
    return [event["message"] for page in pages for event in page["events"]]


# ---------------------------------------------------------------------------------- what functions say


def test_a_function_that_ran_has_its_group_its_stream_and_its_lines(logs, speaking):
    group, stream = speaking
    (told,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert told["arn"] == f"{HERE}{group}:*"
    assert told["logGroupArn"] == f"{HERE}{group}"
    assert told["storedBytes"] > 0
    (only,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert only["logStreamName"] == stream
    assert only["arn"] == f"{HERE}{group}:log-stream:{stream}"
    assert only["creationTime"] <= only["firstEventTimestamp"] <= only["lastEventTimestamp"]
    said = [e["message"] for e in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]
    assert said[0].startswith("INIT_START Runtime Version: python:")
    assert said[1].startswith("START RequestId: ")
    assert said[2] == 'got {"n": 1}\n'
    assert "two\nlines" in said[3]
    assert said[-1].startswith("REPORT RequestId: ")


def test_searching_gives_each_event_an_id_and_both_times(logs, speaking):
    group, stream = speaking
    events = logs.filter_log_events(logGroupName=group, interleaved=True)["events"]
    assert {event["logStreamName"] for event in events} == {stream}
    assert len({event["eventId"] for event in events}) == len(events)
    assert all(event["ingestionTime"] == event["timestamp"] for event in events)
    assert [e["eventId"] for e in events] == sorted(e["eventId"] for e in events)


def test_a_function_that_never_ran_has_no_group(logs, functions, lamb_of_module):
    create(functions, "silent", lamb_of_module.runtime)
    assert refused(logs.filter_log_events, logGroupName="/aws/lambda/silent") == (
        "ResourceNotFoundException", NO_GROUP,
    )  # fmt: skip
    assert logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/silent")["logGroups"] == []


def test_a_group_of_the_users_choice_has_streams_that_name_the_function(logs, functions, lamb_of_module):
    logs.create_log_group(logGroupName="ours", tags={"team": "a"})
    create(functions, "elsewhere", lamb_of_module.runtime, LoggingConfig={"LogGroup": "ours"})
    stream = invoke(functions, "elsewhere")
    assert "/elsewhere[$LATEST][" in stream
    (only,) = logs.describe_log_streams(logGroupName="ours")["logStreams"]
    assert only["logStreamName"] == stream
    assert found(logs, "ours", filterPattern="got") == ["got null\n"]


def test_a_function_may_log_to_groups_of_its_own(logs, functions, lamb_of_module, workshop):
    code = f"""
import hashlib, hmac, json, os, time, urllib.request
{inspect.getsource(signed)}
def handler(event, context):
    def call(operation, **members):
        url, body = os.environ["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"], json.dumps(members).encode()
        headers = signed("POST", "/", url[len("http://"):], os.environ, body, service="logs")
        headers["x-amz-target"] = "Logs_20140328." + operation
        headers["content-type"] = "application/x-amz-json-1.1"
        return json.load(urllib.request.urlopen(urllib.request.Request(url, body, headers)))
    call("CreateLogGroup", logGroupName="of-its-own")
    call("CreateLogStream", logGroupName="of-its-own", logStreamName="x")
    event = {{"timestamp": round(time.time() * 1000), "message": "hello"}}
    call("PutLogEvents", logGroupName="of-its-own", logStreamName="x", logEvents=[event])
"""
    create(functions, "logger", lamb_of_module.runtime, code)
    invoke(functions, "logger")
    assert found(logs, "of-its-own") == ["hello"]


# ---------------------------------------------------------------------------------- groups


def test_a_group_is_made_shown_tagged_kept_for_days_and_deleted_as_terraform_does(logs):
    name, arn = "/terraform/g", f"{HERE}/terraform/g"
    logs.create_log_group(logGroupName=name, logGroupClass="STANDARD", tags={"a": "1"})
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    (told,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert told["retentionInDays"] == 7
    assert told["logGroupClass"] == "STANDARD"
    assert told["metricFilterCount"] == 0
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1"}
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a", "none"])
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {"b": "2"}
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    logs.delete_log_group(logGroupName=name)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
    assert refused(logs.list_tags_for_resource, resourceArn=arn)[1] == NO_GROUP


def test_groups_come_in_pages_by_name_and_by_a_part_of_it(logs):
    names = [f"/paged/{letter}" for letter in "abcde"]
    for name in reversed(names):
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix="/paged/", PaginationConfig={"PageSize": 2}
    )
    listed = [[group["logGroupName"] for group in page["logGroups"]] for page in pages]
    assert listed == [names[:2], names[2:4], names[4:]]
    by_part = logs.describe_log_groups(logGroupNamePattern="AGED/B")["logGroups"]
    assert [group["logGroupName"] for group in by_part] == ["/paged/b"]


def test_what_is_refused_of_groups(logs, group):
    assert refused(logs.create_log_group, logGroupName=group) == (
        "ResourceAlreadyExistsException", "The specified log group already exists",
    )  # fmt: skip
    code, text = refused(logs.create_log_group, logGroupName="a b")
    assert code == "InvalidParameterException"
    assert text.startswith("1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy")
    assert text.endswith(r"constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+")
    code, text = refused(logs.put_retention_policy, logGroupName=group, retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum" in text
    for work in (logs.delete_log_group, logs.delete_retention_policy, logs.describe_log_streams):
        assert refused(work, logGroupName="none") == ("ResourceNotFoundException", NO_GROUP)
    assert refused(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")[0] == (
        "InvalidParameterException"
    )
    assert refused(logs.describe_log_groups, nextToken="what")[1] == "The specified nextToken is invalid."
    many = {f"k{i}": "v" for i in range(50)}
    logs.tag_resource(resourceArn=HERE + group, tags=many)
    assert refused(logs.tag_resource, resourceArn=HERE + group, tags={"one": "more"})[0] == (
        "TooManyTagsException"
    )
    assert refused(logs.start_query, logGroupName=group, startTime=0, endTime=1, queryString="x")[0] == (
        "UnknownOperationException"
    )


def test_a_protected_group_stays(logs, group):
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=True)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["deletionProtectionEnabled"]
    assert refused(logs.delete_log_group, logGroupName=group)[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=group)


# ---------------------------------------------------------------------------------- streams and events


def test_streams_come_by_name_or_by_their_last_event(logs, group):
    for name, age in (("b", 3000), ("a", 1000), ("c", 2000)):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        put(logs, group, name, "x", first_ms=round(time.time() * 1000) - age)

    def listed(**members: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group, PaginationConfig={"PageSize": 2}, **members
        )
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert listed() == ["a", "b", "c"]
    assert listed(descending=True) == ["c", "b", "a"]
    assert listed(orderBy="LastEventTime", descending=True) == ["a", "c", "b"]
    assert listed(logStreamNamePrefix="b") == ["b"]
    assert refused(
        logs.describe_log_streams, logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="b"
    ) == ("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
    logs.delete_log_stream(logGroupName=group, logStreamName="b")
    assert listed() == ["a", "c"]
    assert len(found(logs, group)) == 2


def test_events_are_read_from_either_end_by_tokens(logs, group, stream):
    put(logs, group, stream, *"abcde")

    def page(**members: Any) -> tuple[str, str, str]:
        told = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=2, **members)
        said = "".join(event["message"] for event in told["events"])
        return said, told["nextForwardToken"], told["nextBackwardToken"]

    said, forward, backward = page()
    assert said == "de"
    assert page(nextToken=forward)[:2] == ("", forward), "the end gives the same token again"
    said, forward, backward = page(nextToken=backward)
    assert said == "bc"
    said, again, _ = page(nextToken=forward, startFromHead=True)
    assert (said, page(nextToken=again)[0]) == ("de", "")
    said, _, first = page(nextToken=backward)
    assert (said, page(nextToken=first)[0], page(nextToken=first)[2]) == ("a", "", first)
    assert page(startFromHead=True)[0] == "ab"
    put(logs, group, stream, "f")
    assert page(nextToken=again)[0] == "f", "an old token finds what came since"


def test_events_of_a_span_of_time(logs, group, stream):
    start = round(time.time() * 1000) - 10_000
    put(logs, group, stream, *"abcde", first_ms=start)
    assert found(logs, group, startTime=start + 1, endTime=start + 3) == ["b", "c"]
    told = logs.get_log_events(
        logGroupName=group, logStreamName=stream, startTime=start + 1, endTime=start + 3
    )
    assert [event["message"] for event in told["events"]] == ["b", "c"]
    assert refused(logs.filter_log_events, logGroupName=group, startTime=2, endTime=1)[0] == (
        "InvalidParameterException"
    )


def test_events_of_several_streams_are_searched_in_pages_in_the_order_of_time(logs, group):
    now_ms = round(time.time() * 1000)
    for name in ("x1", "x2", "y"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        # Later streams have earlier events.
        put(
            logs,
            group,
            name,
            *(f"{name}-{i}" for i in range(3)),
            first_ms=now_ms - 10 * int("1x2y".index(name[-1])),
        )
    everything = found(logs, group, PaginationConfig={"PageSize": 2})
    assert everything == [f"{name}-{i}" for name in ("y", "x2", "x1") for i in range(3)]
    assert found(logs, group, logStreamNamePrefix="x") == everything[3:]
    assert found(logs, group, logStreamNames=["y", "x1"]) == [*everything[:3], *everything[6:]]
    assert found(logs, group, filterPattern="2 -y") == ["x2-0", "x2-1", "x2-2", "x1-2"]
    assert refused(logs.filter_log_events, logGroupName=group, logStreamNames=["none"]) == (
        "ResourceNotFoundException", NO_STREAM,
    )  # fmt: skip
    assert (
        refused(logs.filter_log_events, logGroupName=group, logStreamNames=["y"], logStreamNamePrefix="x")[0]
        == "InvalidParameterException"
    )


def test_filter_patterns_find_words_phrases_and_fields_of_json(logs, group, stream):
    first, second = json.dumps({"level": "ERROR", "code": 500}), json.dumps({"level": "INFO", "code": 200})
    put(logs, group, stream, first, second, "ERROR in words", "a WARN")
    assert found(logs, group, filterPattern='{ $.level = "ERROR" }') == [first]
    assert found(logs, group, filterPattern="{ $.code >= 200 && $.level != ERROR }") == [second]
    assert found(logs, group, filterPattern="?WARN ?words") == ["ERROR in words", "a WARN"]
    assert found(logs, group, filterPattern='"in words"') == ["ERROR in words"]
    assert refused(logs.filter_log_events, logGroupName=group, filterPattern="a@b") == (
        "InvalidParameterException", "Invalid character(s) in term 'a@b'",
    )  # fmt: skip
    assert refused(logs.filter_log_events, logGroupName=group, filterPattern="{ $.x = }") == (
        "InvalidParameterException", "Invalid filter pattern",
    )  # fmt: skip


def test_events_that_are_too_old_or_too_new_are_rejected_and_told(logs, group, stream):
    now_ms, day_ms = round(time.time() * 1000), 86_400_000
    told = put(logs, group, stream, "old", first_ms=now_ms - 15 * day_ms)
    assert told["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    told = logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[
            {"timestamp": now_ms, "message": "now"},
            {"timestamp": now_ms + 3 * 3_600_000, "message": "new"},
        ],
        sequenceToken="whatever",
    )
    assert told["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert found(logs, group) == ["now"]


def test_what_is_refused_of_events(logs, group, stream):
    now_ms = round(time.time() * 1000)

    def text(*events: tuple[int, str], to: str = stream) -> tuple[str, str]:
        wanted = [{"timestamp": at_ms, "message": message} for at_ms, message in events]
        return refused(logs.put_log_events, logGroupName=group, logStreamName=to, logEvents=wanted)

    assert text((now_ms, "a"), to="none") == ("ResourceNotFoundException", NO_STREAM)
    assert text((now_ms, "a"), (now_ms - 1, "b"))[1] == (
        "Log events in a single PutLogEvents request must be in chronological order."
    )
    assert "cannot span more than 24 hours" in text((now_ms - 86_400_001, "a"), (now_ms, "b"))[1]
    assert text((now_ms, "a" * 600_000), (now_ms, "b" * 600_000))[1] == (
        "Upload too large: 1200052 bytes exceeds limit of 1048576"
    )
    assert refused(logs.create_log_stream, logGroupName=group, logStreamName=stream)[1] == (
        "The specified log stream already exists"
    )
    assert refused(logs.create_log_stream, logGroupName="none", logStreamName=stream)[1] == NO_GROUP
    assert refused(logs.delete_log_stream, logGroupName=group, logStreamName="none")[1] == NO_STREAM
    assert refused(logs.get_log_events, logGroupName=group, logStreamName="none")[1] == NO_STREAM
    assert refused(logs.get_log_events, logGroupName=group, logStreamName=stream, nextToken="x/1")[1] == (
        "The specified nextToken is invalid."
    )
    assert refused(logs.get_log_events, logStreamName=stream)[0] == "InvalidParameterException"


def test_what_was_put_is_there_after_the_daemon_was_killed(new_lamb):
    lamb = new_lamb()
    with lamb.serving() as served:
        logs = client("logs", served)
        logs.create_log_group(logGroupName="kept")
        logs.create_log_stream(logGroupName="kept", logStreamName="s")
        put(logs, "kept", "s", "a", "b")
        lamb.kill_daemon()
    with lamb.serving() as served:
        assert found(client("logs", served), "kept") == ["a", "b"]


def test_entries_older_than_the_retention_are_removed_from_the_disk(logs, group, stream, lamb_of_module):
    now_ms, day_ms = round(time.time() * 1000), 86_400_000
    put(logs, group, stream, "of long ago, to be gone", first_ms=now_ms - 4 * day_ms)
    put(logs, group, stream, "of today")
    (folder,) = (lamb_of_module.home / "logs").rglob(f"*{group[-40:]}*")
    logs.put_retention_policy(logGroupName=group, retentionInDays=3)
    assert found(logs, group) == ["of today"]
    kept = b"".join(path.read_bytes() for path in folder.glob("*.ndjson"))
    assert b"of today" in kept
    assert b"to be gone" not in kept
    told = put(logs, group, stream, "too late", first_ms=now_ms - 4 * day_ms)
    assert told["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_following_by_asking_again_as_aws_logs_tail_does_shows_every_event_once(logs, group, stream):
    seen: dict[str, str] = {}
    newest_ms, shown = 0, []
    for batch in ("ab", "c", "", "def"):
        if batch:
            # Two batches may have events of the same millisecond.
            put(logs, group, stream, *batch, first_ms=round(time.time() * 1000) // 1000 * 1000)
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, interleaved=True, startTime=newest_ms
        )
        for event in (event for page in pages for event in page["events"]):
            if event["eventId"] not in seen:
                seen[event["eventId"]] = event["message"]
                shown.append(event["message"])
                newest_ms = max(newest_ms, event["timestamp"])
        newest_ms -= newest_ms % 1000
    assert sorted(shown) == list("abcdef")
    assert len(found(logs, group)) == 6


def test_groups_of_another_region_are_not_seen(served, logs, group, stream):
    elsewhere = boto3.client("logs", **{**served.aws, "region_name": "eu-west-1"})
    assert elsewhere.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    assert refused(elsewhere.filter_log_events, logGroupName=group) == ("ResourceNotFoundException", NO_GROUP)
    elsewhere.create_log_group(logGroupName=group)
    elsewhere.create_log_stream(logGroupName=group, logStreamName=stream)
    put(elsewhere, group, stream, "of Ireland")
    assert (found(elsewhere, group), found(logs, group)) == (["of Ireland"], [])
    arn = HERE.replace("us-east-1", "eu-west-1") + group
    assert refused(logs.list_tags_for_resource, resourceArn=arn)[0] == "ResourceNotFoundException"


# ---------------------------------------------------------------------------------- live tail


def test_a_live_tail_shows_what_comes_and_matches(served, logs, group, stream, monkeypatch):
    # botocore would ask `stream-127.0.0.1`, which no resolver knows: this is its own way to say that.
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
    tailing = client("logs", served)
    answer = tailing.start_live_tail(logGroupIdentifiers=[HERE + group], logEventFilterPattern="-unwanted")
    events = iter(answer["responseStream"])
    start = next(events)["sessionStart"]
    assert start["logGroupIdentifiers"] == [HERE + group]
    put(logs, group, stream, "wanted", "unwanted")
    results: list[dict[str, Any]] = []
    while not results:
        update = next(events)["sessionUpdate"]
        assert update["sessionMetadata"] == {"sampled": False}
        results = update["sessionResults"]
    answer["responseStream"].close()
    assert [result["message"] for result in results] == ["wanted"]
    assert results[0]["logStreamName"] == stream
    assert results[0]["logGroupIdentifier"] == f"123456789012:{group}"
    assert refused(tailing.start_live_tail, logGroupIdentifiers=[HERE + "none"])[1] == NO_GROUP
