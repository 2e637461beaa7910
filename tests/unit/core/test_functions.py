from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from unit.core.plane import ARN, FIRST, PLACE, key, package, ref

from lamb.core import aliases, functions, tags
from lamb.model.errors import InvalidParameterValue, LambError, ResourceNotFound
from lamb.model.names import FunctionKey, Place
from lamb.model.requests import Page

# ------------------------------------------------------------------ get


@pytest.mark.parametrize(
    ("qualifier", "arn", "version"),
    [
        (None, ARN, "$LATEST"),
        ("$LATEST", f"{ARN}:$LATEST", "$LATEST"),
        ("1", f"{ARN}:1", "1"),
        ("live", f"{ARN}:live", "1"),
    ],
)
def test_the_arn_is_qualified_as_the_caller_did_it(plane, qualifier, arn, version):
    plane.create(publish=True)
    made = plane.alias("live", "1")
    view = plane.get("f", qualifier)
    assert (view.arn_shown, view.version.label) == (arn, version)
    assert view.alias == (made if qualifier == "live" else None)


def test_an_alias_shows_the_revision_of_the_version_behind_it(plane):
    plane.create(publish=True)
    made = plane.alias("live", "1")
    found = plane.get("f", "live").version.revision_id
    assert found == plane.get("f", "1").version.revision_id != made.revision_id


@pytest.mark.parametrize(
    "qualifier", [None, "$LATEST", "7", "none", "01", "$LATEST.PUBLISHED", "a b", "\ud800"]
)
def test_what_is_not_there_is_named_as_the_caller_did_it(plane, qualifier):
    if qualifier not in (None, "$LATEST"):
        plane.create(publish=True)
    with pytest.raises(ResourceNotFound) as refused:
        plane.get("f", qualifier)
    assert refused.value.message == f"Function not found: {ref('f', qualifier).arn}"


def test_tags_come_with_the_function(plane):
    plane.create(tags={"team": "a"})
    assert plane.get().tags == {"team": "a"}
    assert plane.get().reserved is None


# ------------------------------------------------------------------ list


def listed(plane, page=FIRST, *, all_versions=False):
    found, marker = functions.list_functions(plane.core, PLACE, page, all_versions=all_versions)
    return [(version.key.name, version.label) for version in found], marker


def test_functions_are_listed_by_name(plane):
    for name in ("b", "a", "c_1", "B"):
        plane.create(name, publish=True)
    assert listed(plane) == ([(name, "$LATEST") for name in ("B", "a", "b", "c_1")], None)


def test_all_versions_are_listed_function_by_function(plane):
    for name in ("b", "a"):
        plane.create(name, publish=True)
    plane.publish_new("y = 2\n", "a")
    assert listed(plane, all_versions=True)[0] == [
        ("a", "$LATEST"), ("a", "1"), ("a", "2"), ("b", "$LATEST"), ("b", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize("all_versions", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_join_to_the_whole_list(plane, size, all_versions):
    for name in ("a", "b", "c", "d"):
        plane.create(name, publish=True, settled=False)
    whole, _ = listed(plane, all_versions=all_versions)
    joined, marker = listed(plane, Page(None, size), all_versions=all_versions)
    while marker is not None:
        more, marker = listed(plane, Page(marker, size), all_versions=all_versions)
        assert 0 < len(more) <= size
        joined += more
    assert joined == whole


def test_a_page_has_at_most_fifty_functions(plane):
    for number in range(51):
        plane.create(f"f{number:02}", settled=False)
    for page in (FIRST, Page(None, 10_000)):
        found, marker = listed(plane, page)
        assert len(found) == 50
        assert listed(plane, Page(marker)) == ([("f50", "$LATEST")], None)


def test_a_list_goes_on_where_it_was_whatever_happens_meanwhile(plane):
    for name in ("a", "b", "c"):
        plane.create(name)
    _, marker = listed(plane, Page(None, 2))
    functions.delete(plane.core, ref("b"))
    plane.create("aa")
    assert listed(plane, Page(marker)) == ([("c", "$LATEST")], None)


@pytest.mark.parametrize(
    "marker",
    [
        "", "x", "é", "\ud800", "bnVsbA==", "e30=", "W10=", "WzEsMl0=", "WyJhIiwgIjEiXQ==",
        "WyJhIiwgdHJ1ZV0=", "WyJhIiwgMWU5XQ==", "WyJhIiwgOTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ==",
        "WyJcdWQ4MDAiLCAxXQ==", "W1tb" * 9999,
    ],
    ids=range(14),
)  # fmt: skip
def test_a_marker_that_no_list_gave_is_refused(plane, marker):
    with pytest.raises(InvalidParameterValue, match="Marker"):
        listed(plane, Page(marker))


def test_accounts_and_regions_have_their_own_functions(plane):
    plane.create()
    for place in (Place("999999999999"), Place(region="eu-west-1")):
        other = FunctionKey(place.account, place.region, "f")
        assert functions.list_functions(plane.core, place, FIRST, all_versions=True) == ([], None)
        assert functions.account_settings(plane.core, place)["AccountUsage"]["FunctionCount"] == 0
        with pytest.raises(ResourceNotFound, match=f"^Function not found: {other.arn}$"):
            tags.tags_of(plane.core, place, other.arn)


# ------------------------------------------------------------------ delete


def test_a_deleted_function_is_gone_with_its_versions_and_aliases(plane):
    plane.create(publish=True, variables={"NAME": "value"})
    plane.alias("live", "1")
    plane.changed.clear()
    functions.delete(plane.core, ref())
    for qualifier in (None, "1", "live"):
        with pytest.raises(ResourceNotFound):
            plane.get("f", qualifier)
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}$"):
        functions.delete(plane.core, ref())
    assert (plane.changed, plane.retired[-1]) == ([key()], (key(), None))


def test_a_function_made_anew_has_nothing_of_the_old_one(plane):
    plane.create(publish=True, tags={"team": "a"}, variables={"NAME": "value"})
    plane.alias("live", "1")
    functions.delete(plane.core, ref())
    plane.create()
    assert plane.get().tags == {}
    assert plane.latest().variables is None
    assert aliases.list_aliases(plane.core, key(), FIRST) == ([], None)
    with pytest.raises(ResourceNotFound):
        plane.get("f", "1")


def test_a_deleted_version_is_gone_and_deleting_it_again_is_no_error(plane):
    plane.create(publish=True, variables={"NAME": "value"})
    plane.publish_new("y = 2\n")
    for _ in range(2):
        functions.delete(plane.core, ref("f", "1"))
        with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}:1$"):
            plane.get("f", "1")
    functions.delete(plane.core, ref("f", "9" * 99))
    assert plane.get("f", "2").version.variables == {"NAME": "value"}
    assert plane.retired[-1] == (key(), "9" * 99)


@pytest.mark.parametrize(
    ("qualifier", "text"),
    [
        ("$LATEST", "$LATEST version cannot be deleted without deleting the function."),
        ("live", "Deletion of aliases is not currently supported."),
    ],
)
def test_latest_and_aliases_are_not_deleted_this_way(plane, qualifier, text):
    plane.create(publish=True)
    plane.alias("live", "1")
    with pytest.raises(InvalidParameterValue) as refused:
        functions.delete(plane.core, ref("f", qualifier))
    assert refused.value.message == text
    assert plane.get("f", qualifier)


def test_the_qualifier_of_a_missing_function_is_named(plane):
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}:1$"):
        functions.delete(plane.core, ref("f", "1"))


# ------------------------------------------------------------------ the account


def test_the_account_counts_every_version_s_zip(plane):
    size = len(package("x = 1\n"))
    plane.create(publish=True)
    plane.configure(memory_mb=256)
    plane.publish()
    plane.create("g", settled=False)
    assert functions.account_settings(plane.core, PLACE) == {
        "AccountLimit": {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 1000,
        },
        "AccountUsage": {"TotalCodeSize": 4 * size, "FunctionCount": 2},
    }


# ------------------------------------------------------------------ many at once


def test_of_many_who_create_the_same_function_one_succeeds(plane):
    def attempt(_: int) -> str:
        try:
            return plane.create(settled=False).label
        except LambError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(16)))
    assert outcomes == ["$LATEST", *["ResourceConflictException"] * 15]


def test_many_who_publish_tag_and_read_at_once_do_not_disturb_each_other(plane):
    plane.create(variables={"NAME": "value"})

    def work(number: int) -> str:
        tags.tag(plane.core, PLACE, ARN, {str(number % 40): "x"})
        assert plane.latest().variables == {"NAME": "value"}
        return plane.publish(description=str(number)).label

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(48))) == {"1"}
    assert len(tags.tags_of(plane.core, PLACE, ARN)) == 40
