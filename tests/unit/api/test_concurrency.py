"""The routes of concurrency: documents, statuses and errors as they are on the wire."""

from __future__ import annotations

import pytest
from unit.api.desk import PLACE, Desk
from unit.core.plane import ARN, creation, key

from lamb.core import functions, updates

RESERVED = "/2017-10-31/functions/{}/concurrency"
RESERVED_READ = "/2019-09-30/functions/{}/concurrency"
PROVISIONED = "/2019-09-30/functions/{}/provisioned-concurrency"


@pytest.fixture
def f(office: Desk) -> None:
    """A function with one version."""
    functions.create(office.services.core, PLACE, creation(publish=True))
    updates.settle(office.services.core, [key()])


def reserve(desk: Desk, amount: int, name: str = "f"):
    return desk.ask("PUT", RESERVED.format(name), {"ReservedConcurrentExecutions": amount})


def provide(desk: Desk, qualifier: str, amount: int, name: str = "f"):
    target = f"{PROVISIONED.format(name)}?Qualifier={qualifier}"
    return desk.ask("PUT", target, {"ProvisionedConcurrentExecutions": amount})


def test_a_reservation_goes_over_the_wire(office: Desk, f) -> None:
    assert office.ask("GET", RESERVED_READ.format("f")).document == {}
    answer = reserve(office, 7)
    assert (answer.status, answer.document) == (200, {"ReservedConcurrentExecutions": 7})
    assert office.ask("GET", RESERVED_READ.format("f")).document == {"ReservedConcurrentExecutions": 7}
    shown = office.ask("GET", "/2015-03-31/functions/f").document
    assert shown["Concurrency"] == {"ReservedConcurrentExecutions": 7}
    gone = office.ask("DELETE", RESERVED.format("f"))
    assert (gone.status, gone.body) == (204, b"")
    assert "Concurrency" not in office.ask("GET", "/2015-03-31/functions/f").document


@pytest.mark.parametrize("name", ["f:1", "f:live", f"{ARN}:1".replace(":", "%3A")])
def test_a_qualified_name_has_no_reservation(office: Desk, name: str) -> None:
    answer = reserve(office, 1, name)
    assert (answer.status, answer.error) == (400, "InvalidParameterValueException")
    assert answer.document["Type"] == "User"


def test_the_checks_against_the_account_have_no_type(office: Desk, f) -> None:
    assert reserve(office, 901).document == {
        "message": "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    }


def test_provisioned_concurrency_goes_over_the_wire(office: Desk, f) -> None:
    answer = provide(office, "1", 5)
    assert answer.status == 202
    document = answer.document
    assert len(document.pop("LastModified")) == len("2026-01-02T03:04:05+0000")
    assert document == {
        "RequestedProvisionedConcurrentExecutions": 5,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
    }
    shown = office.ask("GET", f"{PROVISIONED.format('f')}?Qualifier=1")
    assert (shown.status, shown.document) == (200, answer.document)
    listed = office.ask("GET", f"{PROVISIONED.format('f')}?List=ALL").document
    assert listed == {"ProvisionedConcurrencyConfigs": [{"FunctionArn": f"{ARN}:1", **answer.document}]}
    assert office.ask("DELETE", f"{PROVISIONED.format('f')}?Qualifier=1").status == 204
    assert office.ask("DELETE", f"{PROVISIONED.format('f')}?Qualifier=1").status == 204


def test_nothing_provisioned_is_a_404_of_its_own(office: Desk, f) -> None:
    answer = office.ask("GET", f"{PROVISIONED.format('f')}?Qualifier=1")
    assert (answer.status, answer.error) == (404, "ProvisionedConcurrencyConfigNotFoundException")
    assert answer.document == {
        "Type": "User",
        "message": "No Provisioned Concurrency Config found for this function",
    }


def test_conflicts_are_409(office: Desk, f) -> None:
    alias = {"Name": "live", "FunctionVersion": "1"}
    office.ask("POST", "/2015-03-31/functions/f/aliases", alias)
    assert provide(office, "live", 1).status == 202
    answer = provide(office, "1", 1)
    assert (answer.status, answer.error) == (409, "ResourceConflictException")
    assert answer.document == {
        "Type": "User",
        "message": "Version is pointed by a Provisioned Concurrency alias",
    }


LEAST = "failed to satisfy constraint: Member must have value greater than or equal to"
NULL = "failed to satisfy constraint: Member must not be null"


@pytest.mark.parametrize(
    ("target", "body", "constraint"),
    [
        (
            f"{PROVISIONED.format('f')}?Qualifier=1",
            {"ProvisionedConcurrentExecutions": 0},
            f"Value '0' at 'provisionedConcurrentExecutions' {LEAST} 1",
        ),
        (
            PROVISIONED.format("f"),
            {"ProvisionedConcurrentExecutions": 1},
            f"Value null at 'qualifier' {NULL}",
        ),
        (
            RESERVED.format("f"),
            {"ReservedConcurrentExecutions": -1},
            f"Value '-1' at 'reservedConcurrentExecutions' {LEAST} 0",
        ),
        (RESERVED.format("f"), {}, f"Value null at 'reservedConcurrentExecutions' {NULL}"),
    ],
)
def test_what_a_shape_forbids_is_a_validation_error(office: Desk, target, body, constraint) -> None:
    answer = office.ask("PUT", target, body)
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert answer.document["message"] == f"1 validation error detected: {constraint}"


def test_an_amount_that_no_database_could_hold_is_refused(office: Desk, f) -> None:
    for amount in (1 << 31, 1 << 63, 1 << 70):
        assert reserve(office, amount).status == 400
        assert provide(office, "1", amount).status == 400


@pytest.mark.parametrize(
    ("query", "timeout_s"), [("", 60.0), ("?timeout_ms=1500", 1.5), ("?timeout_ms=999999", 60.0)]
)
def test_a_caller_can_wait_while_it_is_in_progress(office: Desk, f, query: str, timeout_s: float) -> None:
    answer = provide(office, "1", 1)
    waited = office.ask("GET", f"/_lamb/functions/f%3A1/provisioned{query}")
    assert (waited.status, waited.document) == (200, answer.document)
    assert office.services.waited == [(key(), "1", timeout_s)]
