"""Reserved and provisioned concurrency as the control plane keeps them (SEMANTICS §25)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.core.plane import ARN, FIRST, PLACE, Plane, key, ref

from lamb.core import aliases, concurrency, functions, provisioned
from lamb.model.concurrency import Allotment, Progress
from lamb.model.errors import (
    InvalidParameterValue,
    LambError,
    ProvisionedConcurrencyConfigNotFound,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.requests import Page
from lamb.model.wire import INIT_FAILURE

UNQUALIFIED = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
    "operation. Please specify either a function name or an unqualified function ARN."
)
ABOVE = "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{}]."
BELOW = "decreases account's UnreservedConcurrentExecution below its minimum value of [{}]."
RESERVED_BELOW = f"Specified ReservedConcurrentExecutions for function {BELOW}"
PROVISIONED_BELOW = f"Specified ConcurrentExecutions for function {BELOW}"
OVER_RESERVED = (
    "Requested Provisioned Concurrency should not be greater than the "
    "reservedConcurrentExecution for function"
)
UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
NEITHER = "The function resource provided must be an alias or a published version."
BY_ALIAS = "Version is pointed by a Provisioned Concurrency alias"
BY_VERSION = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"


def reserve(plane: Plane, amount: int, name: str = "f") -> int:
    return concurrency.put(plane.core, ref(name), amount)


def provide(plane: Plane, qualifier: str | None, amount: int = 2) -> provisioned.ProvisionView:
    return provisioned.put(plane.core, ref(qualifier=qualifier), amount)


def refused(kind: type[LambError], work: Callable[..., Any], *args: Any) -> str:
    """What it says when it refuses; an untyped refusal ends with a `!`."""
    with pytest.raises(kind) as caught:
        work(*args)
    return caught.value.message + ("" if caught.value.typed else "!")


@pytest.fixture
def two(plane: Plane) -> Plane:
    """`f` with versions 1 and 2, and the alias `live` on 1."""
    plane.create(publish=True)
    plane.publish_new("x = 2\n")
    plane.alias()
    return plane


# ------------------------------------------------------------------ reserved


def test_a_reservation_is_set_shown_and_given_back(plane: Plane):
    plane.create()
    assert concurrency.get(plane.core, ref()) is None
    assert reserve(plane, 5) == 5
    assert concurrency.get(plane.core, ref()) == 5
    assert plane.get().reserved == 5
    concurrency.delete(plane.core, ref())
    concurrency.delete(plane.core, ref())
    assert concurrency.get(plane.core, ref()) is None
    assert plane.allotted == [Allotment(key(), 5), Allotment(key()), Allotment(key())]


@pytest.mark.parametrize("work", [concurrency.get, concurrency.delete, lambda c, r: concurrency.put(c, r, 1)])
@pytest.mark.parametrize("qualifier", ["1", "live", "$LATEST"])
def test_versions_and_aliases_have_no_reservation(two: Plane, work, qualifier):
    assert refused(InvalidParameterValue, work, two.core, ref(qualifier=qualifier)) == UNQUALIFIED


def test_each_operation_says_in_its_own_way_that_a_function_is_not_there(plane: Plane):
    assert refused(ResourceNotFound, reserve, plane, 1) == f"Function not found: {ARN}:$LATEST"
    for work in (concurrency.get, concurrency.delete):
        assert refused(ResourceNotFound, work, plane.core, ref()) == f"Function not found: {ARN}"


def test_a_hundred_stay_unreserved(plane: Plane):
    plane.create()
    plane.create("g")
    assert reserve(plane, 800) == 800
    assert refused(InvalidParameterValue, reserve, plane, 101, "g") == RESERVED_BELOW.format(100) + "!"
    assert reserve(plane, 100, "g") == 100
    assert refused(InvalidParameterValue, reserve, plane, 801) == RESERVED_BELOW.format(100) + "!"
    assert reserve(plane, 799) == 799


@pytest.mark.parametrize("account", [1, 10, 100])
def test_an_account_below_the_minimum_can_stop_functions_and_reserve_nothing(tmp_path, account):
    plane = Plane(tmp_path, account_concurrency=account)
    plane.create()
    assert refused(InvalidParameterValue, reserve, plane, 1) == RESERVED_BELOW.format(account) + "!"
    assert reserve(plane, 0) == 0
    plane.close()


def test_an_account_made_smaller_can_still_give_back(plane: Plane):
    plane.create()
    reserve(plane, 900)
    plane.core.account_concurrency = 500
    assert refused(InvalidParameterValue, reserve, plane, 901) == RESERVED_BELOW.format(100) + "!"
    assert reserve(plane, 900) == 900
    assert reserve(plane, 899) == 899


def test_the_account_shows_what_is_not_set_aside(two: Plane):
    def shown() -> tuple[int, int]:
        limits = functions.account_settings(two.core, PLACE)["AccountLimit"]
        return limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]

    assert shown() == (1000, 1000)
    provide(two, "1", 30)
    assert shown() == (1000, 970)
    reserve(two, 50)  # of which 30 are provisioned
    assert shown() == (1000, 950)


def test_no_less_is_reserved_than_is_provisioned(two: Plane):
    provide(two, "1", 1)
    provide(two, "2", 1)
    assert refused(InvalidParameterValue, reserve, two, 1) == (
        " ReservedConcurrentExecutions  1 should not be lower than "
        "function's total provisioned concurrency [2].!"
    )
    assert reserve(two, 2) == 2


def test_reserving_takes_only_what_is_not_provisioned_yet(two: Plane):
    provide(two, "1", 900)
    assert refused(InvalidParameterValue, reserve, two, 901) == RESERVED_BELOW.format(100) + "!"
    assert reserve(two, 900) == 900


# ------------------------------------------------------------------ provisioned


@pytest.mark.parametrize(("qualifier", "version"), [("2", "2"), ("live", "1")])
def test_provisioned_concurrency_is_asked_for_and_shown_with_its_progress(two: Plane, qualifier, version):
    asked = provide(two, qualifier, 3)
    wanted = (f"{ARN}:{qualifier}", version, 3, two.clock.ms)
    assert asked == provisioned.ProvisionView(*wanted, Progress())
    assert two.allotted[-1] == Allotment(key(), None, {version: 3})
    for progress in (Progress(3, "READY"), Progress(0, "FAILED", INIT_FAILURE)):
        two.progress[version] = progress
        shown = provisioned.ProvisionView(*wanted, progress)
        assert provisioned.get(two.core, ref(qualifier=qualifier)) == shown


def test_asking_for_more_shows_what_is_there_and_is_in_progress_again(two: Plane):
    provide(two, "1", 2)
    two.progress["1"] = Progress(2, "READY")
    two.clock.advance(seconds=60)
    again = provide(two, "1", 4)
    assert (again.requested, again.progress) == (4, Progress(2))
    assert again.last_modified_ms == two.clock.ms


def test_a_provisioned_version_has_a_new_revision_and_an_alias_its_old_one(two: Plane):
    before = two.get(qualifier="2").version.revision_id
    provide(two, "2")
    assert two.get(qualifier="2").version.revision_id != before
    before = aliases.get(two.core, key(), "live").revision_id
    provide(two, "live")
    assert aliases.get(two.core, key(), "live").revision_id == before


def test_what_is_unpublished_cannot_be_provisioned(two: Plane):
    two.alias("head", "$LATEST")
    for qualifier in ("$LATEST", None, "head"):
        assert refused(InvalidParameterValue, provide, two, qualifier) == UNPUBLISHED
    for work in (provisioned.get, provisioned.delete):
        assert refused(InvalidParameterValue, work, two.core, ref(qualifier="$LATEST")) == NEITHER


def test_what_is_not_there_cannot_be_provisioned(two: Plane):
    def put(core: Any, wanted: Any) -> None:
        provisioned.put(core, wanted, 1)

    for work in (put, provisioned.get, provisioned.delete):
        for name in ("f", "nobody"):
            arn = ARN.removesuffix("f") + name
            said = refused(ResourceNotFound, work, two.core, ref(name, "gone"))
            assert said == f"Cannot find alias arn: {arn}:gone"
            said = refused(ResourceNotFound, work, two.core, ref(name, "9"))
            assert said == f"Function not found: {arn}:9"
    said = refused(ResourceNotFound, provisioned.list_provisioned, two.core, key("nobody"), FIRST)
    assert said == f"Function not found: {ARN.removesuffix('f')}nobody"


def test_nothing_provisioned_is_an_error_to_get_and_none_to_delete(two: Plane):
    said = refused(ProvisionedConcurrencyConfigNotFound, provisioned.get, two.core, ref(qualifier="1"))
    assert said == "No Provisioned Concurrency Config found for this function"
    provisioned.delete(two.core, ref(qualifier="1"))


def test_a_version_is_provisioned_once(two: Plane):
    provide(two, "live")
    assert refused(ResourceConflict, provide, two, "1") == BY_ALIAS
    two.alias("other")
    assert refused(ResourceConflict, provide, two, "other") == BY_VERSION
    provide(two, "2")
    two.alias("new", "2")
    assert refused(ResourceConflict, provide, two, "new") == BY_VERSION
    provide(two, "live", 5)  # its own may be changed


def test_an_alias_with_weights_cannot_be_provisioned(two: Plane):
    two.shift(additional={"2": 0.5})
    said = refused(InvalidParameterValue, provide, two, "live")
    assert said == "Alias with weights can not be used with Provisioned Concurrency"


def test_no_more_is_provisioned_than_is_reserved(two: Plane):
    reserve(two, 3)
    provide(two, "1", 2)
    assert refused(InvalidParameterValue, provide, two, "2", 2) == OVER_RESERVED
    provide(two, "2", 1)
    assert refused(InvalidParameterValue, provide, two, "1", 3) == OVER_RESERVED


def test_no_more_is_provisioned_than_the_account_can_spare(two: Plane):
    two.create("g")
    reserve(two, 100, "g")
    assert refused(InvalidParameterValue, provide, two, "1", 901) == ABOVE.format(900) + "!"
    assert refused(InvalidParameterValue, provide, two, "1", 801) == PROVISIONED_BELOW.format(100) + "!"
    provide(two, "1", 800)
    assert refused(InvalidParameterValue, provide, two, "2", 1) == PROVISIONED_BELOW.format(100) + "!"
    assert refused(InvalidParameterValue, provide, two, "1", 801) == PROVISIONED_BELOW.format(100) + "!"
    provide(two, "1", 799)


def test_a_version_that_is_not_active_yet_cannot_be_provisioned(plane: Plane):
    plane.create(publish=True, settled=False)
    said = refused(ResourceConflict, provide, plane, "1")
    assert said.endswith("The function is currently in the following state: Pending")


def test_all_that_is_provisioned_is_listed_in_pages(two: Plane):
    assert provisioned.list_provisioned(two.core, key(), FIRST) == ([], None)
    provide(two, "live", 4)
    provide(two, "2", 5)
    first, marker = provisioned.list_provisioned(two.core, key(), Page(max_items=1))
    second, end = provisioned.list_provisioned(two.core, key(), Page(marker, 1))
    assert [(view.arn, view.requested) for view in first + second] == [(f"{ARN}:2", 5), (f"{ARN}:live", 4)]
    assert (marker is None, end) == (False, None)


# ------------------------------------------------------------------ what moves and ends it


def test_moving_the_alias_moves_the_allocation(two: Plane):
    provide(two, "live", 3)
    two.shift(version="2")
    assert two.allotted[-1] == Allotment(key(), None, {"2": 3})
    aliases.rollback(two.core, key(), "live")
    assert two.allotted[-1] == Allotment(key(), None, {"1": 3})
    two.shift(additional={"2": 0.5})
    assert two.allotted[-1] == Allotment(key(), None, {"1": 3})


def test_a_provisioned_alias_cannot_move_to_where_it_could_not_have_been_provisioned(two: Plane):
    provide(two, "2", 1)
    two.shift(version="2")
    two.shift(version="1")
    provide(two, "live", 1)
    assert refused(ResourceConflict, lambda: two.shift(version="2")) == BY_VERSION
    assert refused(ResourceConflict, aliases.rollback, two.core, key(), "live") == BY_VERSION
    assert refused(InvalidParameterValue, lambda: two.shift(version="$LATEST")) == UNPUBLISHED
    assert aliases.get(two.core, key(), "live").version == "1"


@pytest.mark.parametrize(
    ("qualifier", "end"),
    [
        ("live", lambda core: aliases.delete(core, key(), "live")),
        ("live", lambda core: provisioned.delete(core, ref(qualifier="live"))),
        ("2", lambda core: provisioned.delete(core, ref(qualifier="2"))),
        ("2", lambda core: functions.delete(core, ref(qualifier="2"))),
        ("2", lambda core: functions.delete(core, ref())),
    ],
)
def test_what_is_deleted_keeps_nothing_ready(two: Plane, qualifier, end):
    provide(two, qualifier)
    end(two.core)
    assert two.allotted[-1] == Allotment(key())
    assert concurrency.allotments(two.core) == []


def test_a_function_made_anew_has_nothing_of_the_old_one(two: Plane):
    provide(two, "1")
    reserve(two, 9)
    functions.delete(two.core, ref())
    two.create()
    assert concurrency.get(two.core, ref()) is None
    assert provisioned.list_provisioned(two.core, key(), FIRST) == ([], None)


def test_the_next_daemon_finds_everything_that_is_set_aside(two: Plane):
    two.create("g")
    two.create("h")
    reserve(two, 0, "g")
    provide(two, "live", 3)
    provide(two, "2", 1)
    again = two.reopened()
    found = sorted(concurrency.allotments(again.core), key=lambda allotment: allotment.key.name)
    again.close()
    assert found == [Allotment(key(), None, {"1": 3, "2": 1}), Allotment(key("g"), 0)]
