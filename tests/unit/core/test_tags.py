from __future__ import annotations

import pytest
from unit.core.plane import ARN, PLACE, ref

from lamb.core import code_signing, tags, updates
from lamb.model.code_signing import CodeSigningChanges
from lamb.model.errors import InvalidParameterValue, ResourceConflict, ResourceNotFound
from lamb.model.requests import Changes


def test_tags_are_added_replaced_and_removed(plane):
    plane.create(tags={"team": "a", "cost": "1"})
    tags.tag(plane.core, PLACE, ARN, {"team": "b", "größe": "☃"})
    assert tags.tags_of(plane.core, PLACE, ARN) == {"team": "b", "cost": "1", "größe": "☃"}
    tags.untag(plane.core, PLACE, ARN, ["team", "unknown"])
    assert tags.tags_of(plane.core, PLACE, ARN) == {"cost": "1", "größe": "☃"}


def test_tagging_gives_a_new_revision_and_nothing_else(plane):
    plane.create()
    before = plane.latest()
    tags.tag(plane.core, PLACE, ARN, {"team": "a"})
    tagged = plane.latest()
    tags.untag(plane.core, PLACE, ARN, ["team"])
    untagged = plane.latest()
    assert len({before.revision_id, tagged.revision_id, untagged.revision_id}) == 3
    assert before.last_modified_ms == untagged.last_modified_ms
    assert before.status == untagged.status


def test_tags_are_bounded_and_never_empty(plane):
    plane.create(tags={str(number): "x" for number in range(49)})
    tags.tag(plane.core, PLACE, ARN, {"0": "y", "more": "x"})
    with pytest.raises(InvalidParameterValue, match=r"^Number of tags exceeds resource tag limit\.$"):
        tags.tag(plane.core, PLACE, ARN, {"one": "too many"})
    with pytest.raises(
        InvalidParameterValue, match=r"^An error occurred and the request cannot be processed\.$"
    ):
        tags.tag(plane.core, PLACE, ARN, {})
    assert len(tags.tags_of(plane.core, PLACE, ARN)) == 50


def test_tagging_waits_for_an_update_but_not_for_a_creation(plane):
    plane.create(settled=False)
    tags.tag(plane.core, PLACE, ARN, {"team": "a"})
    plane.settle()
    updates.configure(plane.core, ref(), Changes(memory_mb=256))
    with pytest.raises(ResourceConflict, match="An update is in progress"):
        tags.tag(plane.core, PLACE, ARN, {"team": "b"})


def test_a_name_that_is_aws_s_own_is_refused_wherever_tags_are_given(plane):
    words = "aws: prefixed tag key names are not allowed for external use."
    plane.create()
    for give in (
        lambda: plane.create("g", tags={"aws:x": "1"}),
        lambda: tags.tag(plane.core, PLACE, ARN, {"AWS:x": "1"}),
        lambda: code_signing.create(plane.core, PLACE, CodeSigningChanges(), {"aws:": "1"}),
    ):
        with pytest.raises(InvalidParameterValue, match=words):
            give()


def test_a_code_signing_config_is_tagged_by_its_arn(plane):
    arn = code_signing.create(plane.core, PLACE, CodeSigningChanges(), {"a": "1"}).key.arn
    tags.tag(plane.core, PLACE, arn, {"b": "2"})
    tags.untag(plane.core, PLACE, arn, ["a"])
    assert tags.tags_of(plane.core, PLACE, arn) == {"b": "2"}


@pytest.mark.parametrize(
    ("arn", "noun"),
    [
        (ARN, "Function"),
        (f"{ARN[:-10]}code-signing-config:csc-{'0' * 17}", "Code signing config"),
        (
            f"{ARN[:-10]}event-source-mapping:8e2a5a5c-6d5a-4b5e-9d2b-2d5b6a7c8d9e",
            "Event source mapping",
        ),
        (f"{ARN[:-10]}capacity-provider:c", "Capacity provider"),
    ],
)
def test_what_is_not_there_is_named_by_its_kind(plane, arn, noun):
    with pytest.raises(ResourceNotFound, match=f"^{noun} not found: {arn}$"):
        tags.tags_of(plane.core, PLACE, arn)


@pytest.mark.parametrize("qualifier", ["$LATEST", "1", "live", "missing"])
def test_versions_and_aliases_have_no_tags(plane, qualifier):
    plane.create(publish=True)
    plane.alias()
    with pytest.raises(InvalidParameterValue, match=r"^Tags on function aliases and versions are not supp"):
        tags.tag(plane.core, PLACE, ref(qualifier=qualifier).arn, {"a": "1"})
