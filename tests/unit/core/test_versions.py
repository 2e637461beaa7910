from __future__ import annotations

import pytest
from unit.core.plane import ARN, FIRST, PLACE, key, package, ref

from lamb.core import functions, tags, updates, versions
from lamb.model.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.function import ACTIVE
from lamb.model.requests import Changes, CodeUpdate, Page


def test_a_published_version_is_active_at_once_and_keeps_everything(plane):
    plane.create(variables={"NAME": "value"}, description="of latest", memory_mb=512)
    latest = plane.latest()
    plane.clock.advance(seconds=1)
    made = plane.publish()
    assert (made.label, made.status, made.arn) == ("1", ACTIVE, f"{ARN}:1")
    assert made.configuration == latest.configuration
    assert made.variables == {"NAME": "value"}
    assert made.last_modified_ms == plane.clock.ms
    assert plane.get("f", "1").version == made


def test_publishing_gives_both_a_revision_of_their_own(plane):
    plane.create()
    before = plane.latest().revision_id
    made = plane.publish()
    assert len({before, made.revision_id, plane.latest().revision_id}) == 3


def test_publishing_what_has_not_changed_gives_the_last_version_whatever_its_description(plane):
    plane.create()
    first = plane.publish(description="first")
    latest = plane.latest()
    assert plane.publish() == first
    assert plane.publish(description="another") == first
    assert plane.latest() == latest


def test_an_own_description_is_no_change_but_latest_s_is(plane):
    plane.create(description="of latest")
    assert plane.publish(description="own").configuration.description == "own"
    assert plane.publish().label == "1"
    plane.configure(description="own")
    second = plane.publish()
    assert (second.label, second.configuration.description) == ("2", "own")


@pytest.mark.parametrize(
    "members",
    [
        {"runtime": "python3.12"},
        {"handler": "app.other"},
        {"role": "arn:aws:iam::123456789012:role/other"},
        {"description": "x"},
        {"memory_mb": 256},
        {"timeout_s": 9},
        {"ephemeral_storage_mb": 1024},
        {"variables": {"NAME": "other"}},
        {"variables": {}},
        {"dead_letter_arn": "arn:aws:sqs:us-east-1:123456789012:q"},
        {"tracing_mode": "Active"},
        {"vpc": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]}},
        {"file_systems": ({"Arn": "a", "LocalMountPath": "/mnt/a"},)},
        {"snap_start": "PublishedVersions", "runtime": "python3.12"},
        {"log_format": "JSON"},
        {"log_group": "/mine"},
        {"network": "none"},
    ],
    ids=lambda members: next(iter(members)),
)
def test_every_member_of_the_configuration_counts_as_a_change(plane, members):
    plane.queue()
    plane.create(publish=True, variables={"NAME": "value"})
    plane.configure(**members)
    assert plane.publish().label == "2"
    assert plane.publish().label == "2"


def test_a_change_taken_back_is_no_change(plane):
    plane.create(publish=True, code="x = 1\n", variables={"NAME": "value"})
    plane.configure(variables={"NAME": "other"}, memory_mb=512)
    plane.configure(variables={"NAME": "value"}, memory_mb=128)
    plane.update("x = 2\n")
    plane.update("x = 1\n")
    assert plane.publish().label == "1"


def test_tags_are_no_change(plane):
    plane.create(publish=True)
    tags.tag(plane.core, PLACE, key().arn, {"team": "a"})
    assert plane.publish().label == "1"


def test_a_published_version_does_not_follow_latest(plane):
    plane.create(publish=True, code="x = 1\n", variables={"NAME": "value"})
    plane.update("x = 2\n")
    plane.configure(variables={"NAME": "other"}, memory_mb=512)
    first = plane.get("f", "1").version
    assert (first.variables, first.configuration.memory_mb) == ({"NAME": "value"}, 128)
    assert functions.code(plane.core, ref("f", "1")) == package("x = 1\n")


def test_version_numbers_are_never_used_twice(plane):
    plane.create(publish=True)
    plane.publish_new("x = 2\n")
    functions.delete(plane.core, ref("f", "2"))
    assert plane.publish_new("x = 3\n").label == "3"
    functions.delete(plane.core, ref())
    assert plane.create(publish=True).label == "4"


def test_after_the_newest_version_was_deleted_an_unchanged_function_gets_a_new_number(plane):
    plane.create(publish=True)
    functions.delete(plane.core, ref("f", "1"))
    assert plane.publish().label == "2"


def test_a_revision_guards_publishing(plane):
    stale = plane.create().revision_id
    with pytest.raises(PreconditionFailed):
        plane.publish(revision_id=stale)
    assert plane.publish(revision_id=plane.latest().revision_id).label == "1"


def test_a_sha256_guards_publishing(plane):
    actual = plane.create().configuration.code_sha256
    with pytest.raises(InvalidParameterValue) as refused:
        plane.publish(code_sha256="x")
    assert refused.value.message == (
        f"CodeSHA256 (x) is different from current CodeSHA256 in $LATEST ({actual}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    assert plane.publish(code_sha256=actual).label == "1"


def test_publishing_waits_for_a_settled_function(plane):
    plane.create(settled=False)
    with pytest.raises(ResourceConflict, match="following state: Pending"):
        plane.publish()
    plane.settle()
    updates.update_code(plane.core, ref(), CodeUpdate(package("new = 1\n")))
    with pytest.raises(ResourceConflict, match=f"An update is in progress for resource: {ARN}$"):
        plane.publish()


def test_a_function_that_is_not_there_is_named(plane):
    for call in (plane.publish, lambda: versions.list_versions(plane.core, ref(), FIRST)):
        with pytest.raises(ResourceNotFound) as refused:
            call()
        assert refused.value.message == f"Function not found: {ARN}"


def test_versions_are_listed_latest_first_and_then_in_order(plane):
    plane.create(publish=True)
    for number in range(2, 12):
        plane.publish_new(f"x = {number}\n")
    found, marker = versions.list_versions(plane.core, ref(), FIRST)
    assert [version.label for version in found] == ["$LATEST", *map(str, range(1, 12))]
    assert marker is None


def test_a_long_list_comes_in_pages(plane):
    plane.create(publish=True)
    plane.publish_new("x = 2\n")
    pages, marker = [], None
    while True:
        found, marker = versions.list_versions(plane.core, ref(), Page(marker, 2))
        pages.append([version.label for version in found])
        if marker is None:
            break
    assert pages == [["$LATEST", "1"], ["2"]]


def test_a_refused_publication_uses_no_number(plane):
    plane.create()
    for _ in range(3):
        with pytest.raises(InvalidParameterValue):
            plane.publish(code_sha256="x")
    with pytest.raises(InvalidParameterValue, match=r"Only \$LATEST"):
        versions.publish(plane.core, ref("f", "live"))
    updates.configure(plane.core, ref(), Changes())
    plane.settle()
    assert plane.publish().label == "1"
