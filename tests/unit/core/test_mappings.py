"""Event source mappings: how they come, change, settle and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.core.plane import ARN, FIRST, PLACE, ref

from lamb.core import functions, mappings, tags
from lamb.model.errors import InvalidParameterValue, ResourceConflict, ResourceInUse, ResourceNotFound
from lamb.model.mapping import EventSourceMapping, MappingKey, MappingRequest, SourceLook
from lamb.model.requests import Page
from lamb.model.source_kinds import SQS

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
NOWHERE = MappingKey(PLACE.account, PLACE.region, "0" * 36)


@pytest.fixture
def settled(plane):
    """A plane with the function `f` and the queue `q`; its mappings settle when told."""
    plane.create()
    plane.queue()
    return plane


def create(plane: Any, source: str | None = None, function: str = "f", **given: Any) -> EventSourceMapping:
    enabled, tags = given.pop("enabled", None), given.pop("tags", {})
    arn = "arn:aws:sqs:us-east-1:123456789012:q" if source is None else source
    return mappings.create(plane.core, PLACE, MappingRequest(function, given, arn, enabled, tags))


def update(plane: Any, mapping: EventSourceMapping, **given: Any) -> EventSourceMapping:
    function, enabled = given.pop("function", None), given.pop("enabled", None)
    return mappings.update(plane.core, mapping.key, MappingRequest(function, given, enabled=enabled))


def settle(plane: Any, mapping: EventSourceMapping) -> EventSourceMapping:
    mappings.settle(plane.core, mapping.key)
    return mappings.get(plane.core, mapping.key)


def test_a_mapping_goes_from_state_to_state(settled):
    made = create(settled)
    assert (made.state, made.function.arn) == ("Creating", ARN)
    settled.clock.advance(seconds=5)
    enabled = settle(settled, made)
    assert (enabled.state, enabled.last_modified_ms - made.last_modified_ms) == ("Enabled", 5000)
    assert update(settled, made, BatchSize=5).state == "Updating"
    assert settle(settled, made).state == "Enabled"
    assert update(settled, made, enabled=False).state == "Disabling"
    assert settle(settled, made).state == "Disabled"
    assert update(settled, made, BatchSize=6).state == "Updating"
    assert settle(settled, made).state == "Disabled"
    assert update(settled, made, enabled=True).state == "Enabling"
    assert settle(settled, made).settings["BatchSize"] == 6
    assert mappings.delete(settled.core, made.key).state == "Deleting"
    mappings.settle(settled.core, made.key)
    with pytest.raises(ResourceNotFound):
        mappings.get(settled.core, made.key)


def test_nothing_changes_a_mapping_on_its_way(settled):
    made = create(settled)
    steps = (
        lambda: settle(settled, made) and update(settled, made, BatchSize=2),
        lambda: settle(settled, made) and update(settled, made, enabled=False),
        lambda: settle(settled, made) and mappings.delete(settled.core, made.key),
        lambda: None,
    )
    for step in steps:
        with pytest.raises(ResourceInUse) as refused:
            update(settled, made, BatchSize=1)
        assert refused.value.message == "Cannot update the event source mapping because it is in use."
        with pytest.raises(ResourceInUse) as refused:
            mappings.delete(settled.core, made.key)
        assert refused.value.message == "Cannot delete the event source mapping because it is in use."
        step()


def test_a_queue_that_is_not_to_be_read_is_disabled_at_once_and_a_stream_later(settled):
    assert create(settled, enabled=False).state == "Disabled"
    stream = create(settled, STREAM, StartingPosition="LATEST", enabled=False)
    assert stream.state == "Creating"
    assert settle(settled, stream).state == "Disabled"


def test_what_a_killed_daemon_left_on_its_way_is_found_by_the_next(settled):
    made = [create(settled), create(settled, STREAM, StartingPosition="LATEST")]
    plane = settled.reopened()
    assert mappings.unsettled(plane.core) == [mapping.key for mapping in made]
    for mapping in made:
        assert settle(plane, mapping).state == "Enabled"
    assert mappings.unsettled(plane.core) == []
    plane.close()


def test_a_mapping_keeps_the_qualifier_it_was_given(settled):
    settled.publish()
    settled.alias("live")
    for qualifier in ("$LATEST", "1", "live"):
        assert create(settled, function=f"f:{qualifier}").function.arn == f"{ARN}:{qualifier}"
    assert create(settled, function=f"{ARN}").function.arn == ARN


def test_the_function_has_to_be_there(settled):
    for name in ("nobody", "f:7", "f:nothing"):
        with pytest.raises(InvalidParameterValue, match=r"^Function does not exist$"):
            create(settled, function=name)
    made = settle(settled, create(settled))
    with pytest.raises(InvalidParameterValue, match="Function does not exist"):
        update(settled, made, function="nobody")


def test_a_mapping_outlives_its_function_and_can_be_changed_and_deleted(settled):
    made = settle(settled, create(settled))
    functions.delete(settled.core, ref())
    assert mappings.get(settled.core, made.key).state == "Enabled"
    update(settled, made, enabled=False)
    assert settle(settled, made).state == "Disabled"
    assert mappings.delete(settled.core, made.key).state == "Deleting"


def test_a_mapping_can_be_given_another_function(settled):
    settled.create("other")
    made = settle(settled, create(settled))
    assert update(settled, made, function="other").function == ref("other")


def test_a_local_queue_has_to_be_there_and_keep_messages_hidden_long_enough(settled):
    with pytest.raises(InvalidParameterValue) as refused:
        create(settled, "arn:aws:sqs:us-east-1:123456789012:nothing")
    assert refused.value.message == (
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist."
    )
    assert "lamb queue create" in refused.value.hint
    settled.configure(timeout_s=31)
    with pytest.raises(InvalidParameterValue, match="visibility timeout: 30 seconds is less than Function"):
        create(settled)


def test_of_a_source_elsewhere_its_own_service_is_asked(settled):
    asked = []
    answers = {STREAM: SourceLook(exists=False), "other": SourceLook(exists=True)}

    def look(arn: str) -> SourceLook | None:
        asked.append(arn)
        return answers.get(arn)

    core = replace(settled.core, look_at_source=look)
    request = MappingRequest("f", {"StartingPosition": "LATEST"}, STREAM)
    with pytest.raises(InvalidParameterValue, match=f"^Stream not found: {STREAM}$"):
        mappings.create(core, PLACE, request)
    assert mappings.create(core, PLACE, request._replace(source_arn=f"{STREAM}2")).state == "Creating"
    # A queue of this home is nobody else's business.
    queue = "arn:aws:sqs:us-east-1:123456789012:q"
    mappings.create(core, PLACE, MappingRequest("f", {}, queue))
    assert asked == [STREAM, f"{STREAM}2"]
    remote = replace(core, remote_services=frozenset({"sqs"}))
    answers["arn:aws:sqs:us-east-1:123456789012:far"] = SourceLook(exists=True, visibility_s=2)
    with pytest.raises(InvalidParameterValue, match="visibility timeout: 2 seconds is less than Function"):
        mappings.create(remote, PLACE, MappingRequest("f", {}, "arn:aws:sqs:us-east-1:123456789012:far"))


def test_queues_and_streams_say_different_things_of_a_second_mapping(settled):
    queue, stream = create(settled), create(settled, STREAM, StartingPosition="LATEST")
    with pytest.raises(ResourceConflict) as refused:
        create(settled)
    assert refused.value.message == (
        f'An event source mapping with SQS arn (" {queue.source_arn} ") and function (" f ") already exists. '
        f"Please update or delete the existing mapping with UUID {queue.key.uuid}"
    )
    with pytest.raises(ResourceConflict) as refused:
        create(settled, STREAM, StartingPosition="TRIM_HORIZON")
    assert refused.value.message == (
        f'The event source arn (" {STREAM} ") and function (" f ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {stream.key.uuid}"
    )


def test_another_qualifier_or_topic_makes_another_mapping(settled):
    create(settled)
    assert create(settled, function="f:$LATEST").number > 0
    cluster = "arn:aws:kafka:us-east-1:123456789012:cluster/c/1"
    create(settled, cluster, Topics=["one"])
    create(settled, cluster, Topics=["two"])
    with pytest.raises(ResourceConflict):
        create(settled, cluster, Topics=["two"])
    own = {"Topics": ["t"], "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "u"}]}
    for server in ("a:9092", "b:9092"):
        endpoints = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [server]}}
        request = MappingRequest("f", {**own, "SelfManagedEventSource": endpoints})
        assert mappings.create(settled.core, PLACE, request).source_arn is None


def test_lists_are_in_pages_by_source_and_by_function(settled):
    settled.create("other")
    made = [
        create(settled),
        create(settled, STREAM, StartingPosition="LATEST"),
        create(settled, function="other"),
        create(settled, function="f:$LATEST"),
    ]

    def listed(page: Page = FIRST, **only: Any) -> list[EventSourceMapping]:
        found, _ = mappings.list_mappings(settled.core, PLACE, page, **only)
        return found

    assert [mapping.key for mapping in listed()] == [mapping.key for mapping in made]
    assert [m.key for m in listed(source_arn=STREAM)] == [made[1].key]
    assert [m.key for m in listed(function=ref())] == [made[0].key, made[1].key]
    assert [m.key for m in listed(function=ref("f", "$LATEST"))] == [made[3].key]
    assert [m.key for m in listed(function=ref("f"), source_arn=STREAM)] == [made[1].key]
    assert listed(function=ref("nobody")) == []
    first, marker = mappings.list_mappings(settled.core, PLACE, Page(max_items=3))
    rest, end = mappings.list_mappings(settled.core, PLACE, Page(marker, 3))
    assert ([m.key for m in first + rest], end) == ([m.key for m in made], None)
    with pytest.raises(InvalidParameterValue, match="Marker"):
        mappings.list_mappings(settled.core, PLACE, Page("x"))


def test_tags_are_set_replaced_and_taken_away(settled):
    arn = create(settled, tags={"team": "a"}).key.arn
    tags.tag(settled.core, PLACE, arn, {"team": "b", "cost": "1"})
    tags.untag(settled.core, PLACE, arn, ["cost", "nothing"])
    assert tags.tags_of(settled.core, PLACE, arn) == {"team": "b"}
    with pytest.raises(InvalidParameterValue, match="exceeds resource tag limit"):
        tags.tag(settled.core, PLACE, arn, {str(n): "" for n in range(50)})
    with pytest.raises(InvalidParameterValue, match="cannot be processed"):
        tags.tag(settled.core, PLACE, arn, {})
    for ask in (
        tags.tags_of,
        lambda c, p, arn: tags.tag(c, p, arn, {"a": "b"}),
        lambda c, p, arn: tags.untag(c, p, arn, ["a"]),
    ):
        with pytest.raises(ResourceNotFound, match=f"Event source mapping not found: {NOWHERE.arn}"):
            ask(settled.core, PLACE, NOWHERE.arn)


def test_what_is_not_there_is_not_found(settled):
    for ask in (mappings.get, mappings.delete, lambda c, k: mappings.update(c, k, MappingRequest(None, {}))):
        with pytest.raises(ResourceNotFound, match=r"^The resource you requested does not exist\.$"):
            ask(settled.core, NOWHERE)
    mappings.settle(settled.core, NOWHERE)
    other_place = MappingKey("999999999999", PLACE.region, create(settled).key.uuid)
    with pytest.raises(ResourceNotFound):
        mappings.get(settled.core, other_place)


def test_a_queue_has_no_last_result(settled):
    assert SQS.first_result is None
    assert create(settled).last_result is None
    assert create(settled, STREAM, StartingPosition="LATEST").last_result == "No records processed"
