from __future__ import annotations

import uuid

import pytest
from unit.core.plane import ARN, FIRST, key, ref

from lamb.core import aliases, functions
from lamb.model.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
    ValidationFailure,
)
from lamb.model.requests import Page


@pytest.fixture
def three(plane):
    """A function with the versions 1, 2 and 3."""
    plane.create(publish=True)
    for number in (2, 3):
        plane.publish_new(f"x = {number}\n")
    plane.changed.clear()
    return plane


def test_an_alias_is_a_name_for_a_version(three):
    made = three.alias("live", "1", description="d")
    assert (made.name, made.version, made.description, made.additional) == ("live", "1", "d", {})
    assert made.arn == f"{ARN}:live"
    assert uuid.UUID(made.revision_id).version == 4
    assert aliases.get(three.core, key(), "live") == made
    assert three.changed == [key()]


def test_an_alias_may_follow_latest(three):
    assert three.alias("dev", "$LATEST").version == "$LATEST"
    assert aliases.get(three.core, key(), "dev").version == "$LATEST"


def test_creating_an_alias_does_not_touch_the_function(three):
    before = three.latest(), three.get("f", "1").version
    three.alias("live", "1")
    assert (three.latest(), three.get("f", "1").version) == before


def test_a_name_is_taken_once(three):
    three.alias("live", "1")
    with pytest.raises(ResourceConflict) as refused:
        three.alias("live", "2")
    assert refused.value.message == f"Alias already exists: {ARN}:live"


@pytest.mark.parametrize("version", ["10", "007", "0", "9" * 400, "live", "²"])
def test_a_version_that_is_not_there_is_named(three, version):
    with pytest.raises(ResourceNotFound) as refused:
        three.alias("live", version)
    assert refused.value.message == f"Function not found: {ARN}:{version}"


def test_on_a_missing_function_the_effective_qualifier_is_named(plane):
    for version in ("$LATEST", "1"):
        with pytest.raises(ResourceNotFound) as refused:
            plane.alias("live", version)
        assert refused.value.message == f"Function not found: {ARN}:{version}"


@pytest.mark.parametrize("name", ["123", "", "a b", "a:b", "$LATEST", "x" * 129, "é", "a\n"])
def test_a_name_that_cannot_be_is_refused(three, name):
    with pytest.raises(ValidationFailure):
        three.alias(name, "1")


def test_a_name_of_digits_and_dashes_is_fine(three):
    assert three.alias("2024-01-02", "1").name == "2024-01-02"


def test_weights_send_a_part_to_a_second_version(three):
    made = three.alias("live", "1", additional={"2": 0.2})
    assert made.additional == {"2": 0.2}
    assert aliases.get(three.core, key(), "live") == made


@pytest.mark.parametrize("weight", [0, 0.0, 1, 1.0, 0.5])
def test_weights_are_numbers_from_0_to_1(three, weight):
    assert three.alias("live", "1", additional={"2": weight}).additional == {"2": float(weight)}


WEIGHTS = (
    "1 validation error detected: Value '{%s}' at 'routingConfig.additionalVersionWeights' failed to satisfy"
)
VALUES = (
    "constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
    "Member must have value greater than or equal to 0.0, Member must not be null]"
)
NAMES = (
    "constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, "
    "Member must have length greater than or equal to 1, "
    "Member must satisfy regular expression pattern: [0-9]+]"
)
REFUSALS = [
    (
        "1",
        {"2": 0.1, "3": 0.1},
        InvalidParameterValue,
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
    ),
    ("1", {"2": 2.0}, ValidationFailure, f"{WEIGHTS % '2=2.0'} {VALUES}"),
    ("1", {"2": -0.1}, ValidationFailure, f"{WEIGHTS % '2=-0.1'} {VALUES}"),
    ("1", {"2": float("nan")}, ValidationFailure, f"{WEIGHTS % '2=nan'} {VALUES}"),
    ("1", {"$LATEST": 0.5}, ValidationFailure, f"{WEIGHTS % '$LATEST=0.5'} {NAMES}"),
    (
        "1",
        {"1": 0.5},
        InvalidParameterValue,
        "Invalid function version 1. Function version 1 is already included in routing configuration.",
    ),
    (
        "$LATEST",
        {"1": 0.5},
        InvalidParameterValue,
        "$LATEST is not supported for an alias pointing to more than 1 version",
    ),
    ("1", {"10": 0.5}, ResourceNotFound, f"Function not found: {ARN}:10"),
]


@pytest.mark.parametrize(("version", "additional", "kind", "text"), REFUSALS)
def test_routes_that_aws_refuses_are_refused_in_its_words(three, version, additional, kind, text):
    with pytest.raises(kind) as refused:
        three.alias("live", version, additional=additional)
    assert refused.value.message == text
    three.alias("other", "3")
    with pytest.raises(kind) as refused:
        three.shift("other", version=version, additional=additional)
    assert refused.value.message == text
    assert aliases.get(three.core, key(), "other").version == "3"


def test_the_refusal_of_latest_carries_no_type(three):
    with pytest.raises(InvalidParameterValue) as refused:
        three.alias("live", "$LATEST", additional={"1": 0.5})
    assert refused.value.typed is False


@pytest.mark.parametrize(
    "members",
    [
        {"role": "arn:aws:iam::123456789012:role/other"},
        {"dead_letter_arn": "arn:aws:sqs:us-east-1:123456789012:q"},
    ],
)
def test_two_versions_share_an_alias_only_with_the_same_role_and_dead_letter_queue(three, members):
    three.queue()
    three.configure(**members)
    three.publish()
    with pytest.raises(InvalidParameterValue, match="same execution role and the same dead-letter queue"):
        three.alias("live", "1", additional={"4": 0.5})
    three.alias("live", "1", additional={"3": 0.5})


def test_only_given_members_change(three):
    made = three.alias("live", "1", description="d", additional={"3": 0.5})
    moved = three.shift("live", version="2")
    assert (moved.version, moved.description, moved.additional) == ("2", "d", {"3": 0.5})
    assert three.shift("live", description="").description == ""
    assert made.revision_id != moved.revision_id


def test_empty_weights_clear_the_routing(three):
    three.alias("live", "1", additional={"2": 0.5})
    assert three.shift("live", additional={}).additional == {}


def test_the_second_version_cannot_become_the_first_while_it_is_the_second(three):
    three.alias("live", "1", additional={"2": 0.5})
    with pytest.raises(InvalidParameterValue, match="already included in routing configuration"):
        three.shift("live", version="2")
    assert three.shift("live", version="2", additional={}).version == "2"


def test_a_redundant_update_gives_a_new_revision(three):
    made = three.alias("live", "1")
    assert three.shift("live").revision_id != made.revision_id


def test_a_revision_guards_an_update(three):
    made = three.alias("live", "1")
    current = three.shift("live", version="2").revision_id
    with pytest.raises(PreconditionFailed, match="Call the GetFunction/GetAlias API"):
        three.shift("live", version="3", revision_id=made.revision_id)
    assert three.shift("live", version="3", revision_id=current).version == "3"


@pytest.mark.parametrize("name", ["none", "", "1", "half \ud800 a character", "x" * 5000])
def test_an_alias_that_is_not_there_has_two_names(three, name):
    with pytest.raises(ResourceNotFound) as refused:
        aliases.get(three.core, key(), name)
    assert refused.value.message == f"Cannot find alias arn: {ARN}:{name}"
    with pytest.raises(ResourceNotFound) as refused:
        three.shift(name, version="1")
    assert refused.value.message == f"Alias not found: {ARN}:{name}"


def test_deleting_an_alias_is_no_error_even_when_it_is_not_there(three):
    three.alias("live", "1")
    three.changed.clear()
    aliases.delete(three.core, key(), "live")
    aliases.delete(three.core, key(), "live")
    assert aliases.list_aliases(three.core, key(), FIRST) == ([], None)
    assert key() in three.changed


def test_every_use_of_a_missing_function_names_it(plane):
    calls = (
        lambda: aliases.get(plane.core, key(), "live"),
        lambda: aliases.delete(plane.core, key(), "live"),
        lambda: aliases.list_aliases(plane.core, key(), FIRST),
        lambda: plane.shift("live"),
        lambda: aliases.rollback(plane.core, key(), "live"),
    )
    for call in calls:
        with pytest.raises(ResourceNotFound) as refused:
            call()
        assert refused.value.message == f"Function not found: {ARN}"


def test_aliases_are_listed_by_name_in_pages_and_by_version(three):
    for name, version in (("c", "1"), ("a", "2"), ("b", "1"), ("B", "$LATEST")):
        three.alias(name, version)

    def names(page: Page, version: str | None = None) -> list[str]:
        return [alias.name for alias in aliases.list_aliases(three.core, key(), page, version=version)[0]]

    assert names(FIRST) == ["B", "a", "b", "c"]
    assert names(FIRST, "1") == ["b", "c"]
    assert names(FIRST, "$LATEST") == ["B"]
    assert names(FIRST, "nonsense") == names(FIRST, "7") == []
    _, marker = aliases.list_aliases(three.core, key(), Page(None, 3))
    assert names(Page(marker)) == ["c"]


def test_a_version_that_an_alias_serves_cannot_be_deleted(three):
    three.alias("live", "1", additional={"2": 0.1})
    three.alias("also", "1")
    for version, names in (("1", "[also, live]"), ("2", "[live]")):
        with pytest.raises(ResourceConflict) as refused:
            functions.delete(three.core, ref("f", version))
        assert refused.value.message == (
            f"Unable to delete version because the following aliases reference it: {names}"
        )


# ------------------------------------------------------------------ the way back


def rolled_back(plane, name="live"):
    alias = aliases.rollback(plane.core, key(), name)
    assert aliases.get(plane.core, key(), name) == alias
    return alias.version, dict(alias.additional)


def nothing_left(plane):
    with pytest.raises(ResourceConflict, match="has no earlier version to go back to"):
        aliases.rollback(plane.core, key(), "live")
    return True


def test_rolling_back_goes_to_the_version_before_and_once_more_to_the_one_before_that(three):
    before = three.alias("live", "1", description="d")
    three.shift(version="2")
    three.shift(version="3")
    assert rolled_back(three) == ("2", {})
    assert rolled_back(three) == ("1", {})
    assert nothing_left(three)
    now = aliases.get(three.core, key(), "live")
    assert now.description == "d"
    assert now.revision_id != before.revision_id


def test_a_bad_version_is_not_returned_to(three):
    three.alias("live", "1")
    three.shift(version="2")
    rolled_back(three)
    three.shift(version="3")
    assert rolled_back(three) == ("1", {})


def test_a_shift_in_several_steps_is_undone_as_one(three):
    three.alias("live", "1")
    for members in (
        {"additional": {"2": 0.1}},
        {"additional": {"2": 0.5}},
        {"version": "2", "additional": {}},
    ):
        three.shift(**members)
    assert rolled_back(three) == ("1", {})
    assert nothing_left(three)


def test_a_shift_is_undone_half_way(three):
    three.alias("live", "1")
    three.shift(additional={"2": 0.1})
    three.shift(additional={"2": 0.5})
    assert rolled_back(three) == ("1", {})


def test_a_shift_that_began_with_the_new_version_as_the_primary_is_undone_too(three):
    three.alias("live", "1")
    three.shift(version="2", additional={"1": 0.9})
    three.shift(additional={})
    assert rolled_back(three) == ("1", {})


def test_a_split_between_two_other_versions_is_gone_back_to(three):
    three.alias("live", "1", additional={"2": 0.5})
    three.shift(version="3", additional={})
    assert rolled_back(three) == ("1", {"2": 0.5})


def test_versions_that_are_gone_are_passed_over(three):
    three.alias("live", "1")
    three.shift(version="2")
    three.shift(version="3")
    functions.delete(three.core, ref("f", "2"))
    assert rolled_back(three) == ("1", {})


def test_an_alias_that_never_moved_has_no_way_back(three):
    three.alias("live", "1")
    three.shift(description="new")
    assert nothing_left(three)
    with pytest.raises(ResourceNotFound, match=f"^Alias not found: {ARN}:none$"):
        aliases.rollback(three.core, key(), "none")


def test_an_alias_made_anew_does_not_remember(three):
    three.alias("live", "1")
    three.shift(version="2")
    aliases.delete(three.core, key(), "live")
    three.alias("live", "3")
    assert nothing_left(three)


def test_each_alias_has_a_way_back_of_its_own(three):
    three.alias("live", "1")
    three.alias("next", "2")
    three.shift("live", version="3")
    three.shift("next", version="3")
    assert rolled_back(three, "next") == ("2", {})
    assert rolled_back(three) == ("1", {})


@pytest.mark.parametrize("name", ["nobody", "1", "", "\ud800", "a b"])
def test_deleting_what_no_alias_can_be_called_is_no_error_either(three, name):
    three.alias("live", "1")
    aliases.delete(three.core, key(), name)
    assert aliases.get(three.core, key(), "live").version == "1"
