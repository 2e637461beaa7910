"""Event source mappings on the wire: whatever is asked for, an answer in AWS's words comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.api.desk import Answer, Desk
from unit.api.test_control_plane import create

from lamb.api.members import OPERATIONS, SHAPES
from lamb.core.queues import create as create_queue
from lamb.model.queue import QueueKey

MAPPINGS = "/2015-03-31/event-source-mappings"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
SOURCES = (
    QUEUE,
    f"{QUEUE}.fifo",
    "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/1",
    "arn:aws:kafka:us-east-1:123456789012:cluster/c/1",
    "arn:aws:mq:us-east-1:123456789012:broker:b:1",
    "arn:aws:rds:us-east-1:123456789012:cluster:c",
    "arn:aws:s3:::b",
)


@pytest.fixture
def stand(office: Desk) -> Desk:
    """A desk with the function `f` and the queue `q`."""
    create(office)
    create_queue(office.services.core, QueueKey("123456789012", "us-east-1", "q"), {}, {})
    return office


def make(stand: Desk, **members: Any) -> Answer:
    answer = stand.ask("POST", MAPPINGS, {"FunctionName": "f", "EventSourceArn": QUEUE, **members})
    assert answer.status == 202, answer.body
    return answer


def test_last_modified_is_a_number_and_absent_members_are_absent(stand: Desk) -> None:
    document = make(stand).document
    assert document["LastModified"] == 1_700_000_000.0
    assert not {"LastProcessingResult", "FilterCriteria", "StartingPosition", "Tags"} & document.keys()


def test_states_pass_after_the_answer_that_showed_them(stand: Desk) -> None:
    uuid = make(stand).document["UUID"]
    target = f"{MAPPINGS}/{uuid}"
    assert stand.ask("PUT", target, {"BatchSize": 1}).document == {
        "Type": "User",
        "Message": "Cannot update the event source mapping because it is in use.",
    }
    assert stand.ask("GET", f"/_lamb/mappings/{uuid}/settled?timeout_ms=0").document == {"Settled": False}
    assert stand.ask("GET", f"/_lamb/mappings/{uuid}/settled").document == {"Settled": True}
    assert stand.ask("GET", target).document["State"] == "Enabled"
    assert stand.ask("GET", "/_lamb/complete?kind=mappings").body.decode() == f"{uuid}\n"
    assert stand.ask("DELETE", target).document["State"] == "Deleting"
    stand.services.settle()
    assert stand.ask("GET", target).status == 404


def values(name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """JSON values that are near what a shape wants, and some that are far from it."""
    shape = SHAPES[name]
    kind = shape["type"]
    near: st.SearchStrategy[Any]
    if kind == "structure" and depth < 4:
        members = {m: values(ref["shape"], depth + 1) for m, ref in shape["members"].items()}
        near = st.fixed_dictionaries({}, optional=members)
    elif kind == "list":
        near = st.lists(st.none() | values(shape["member"], depth + 1), max_size=2)
    elif kind == "map":
        near = st.dictionaries(
            values(shape["key"]).filter(lambda key: isinstance(key, str)), st.none(), max_size=1
        )
    elif "enum" in shape:
        near = st.sampled_from(shape["enum"])
    elif kind == "boolean":
        near = st.booleans()
    elif kind in ("integer", "long", "timestamp"):
        near = st.sampled_from([-1, 0, 1, 2, 10, 11, 60, 900, 10_000, 1e999]) | st.floats()
    else:
        near = st.sampled_from(["f", "topic", QUEUE, "{}", '{"body": {"a": [1]}}', "\ud800", ""])
    return near | st.none() | st.text(max_size=3) if depth else near


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=values(OPERATIONS["CreateEventSourceMapping"]["input"]),
    change=values(OPERATIONS["UpdateEventSourceMapping"]["input"]),
    source=st.sampled_from([*SOURCES, None, "\udfff"]),
)
def test_anything_is_answered_and_nothing_is_a_bug(stand: Desk, body: Any, change: Any, source: Any) -> None:
    answer = stand.ask("POST", MAPPINGS, {**body, "FunctionName": "f", "EventSourceArn": source})
    assert answer.status in (202, 400, 409), answer.body
    # Python's own reading of JSON takes NaN; nobody else's does.
    document = json.loads(answer.body, parse_constant=pytest.fail)
    if answer.status == 202:
        stand.services.settle()
        target = f"{MAPPINGS}/{document['UUID']}"
        changed = stand.ask("PUT", target, {**change, "FunctionName": "f"})
        assert changed.status in (202, 400, 409), changed.body
        stand.services.settle()
        assert stand.ask("DELETE", target).status == 202
        stand.services.settle()
    assert stand.ask("GET", MAPPINGS).document == {"EventSourceMappings": []}
