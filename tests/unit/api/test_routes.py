from __future__ import annotations

import json

import pytest
from unit.api.desk import Desk, Services

from lamb.api import routes
from lamb.api.members import OPERATIONS


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_of_lambda_is_found_by_its_own_path(operation: str) -> None:
    path, _, query = OPERATIONS[operation]["path"].partition("?")
    found = routes.find(OPERATIONS[operation]["method"], path.replace("{", "%7B").encode(), query.encode())
    assert found.operation == operation
    assert found.params == {
        segment.strip("{}"): segment for segment in path.split("/") if segment.startswith("{")
    }


@pytest.mark.parametrize(
    ("target", "operation"),
    [
        ("/2018-10-31/layers", "ListLayers"),
        ("/2018-10-31/layers?find=LayerVersion&Arn=x", "GetLayerVersionByArn"),
        ("/2019-09-30/functions/f/provisioned-concurrency?Qualifier=1", "GetProvisionedConcurrencyConfig"),
        ("/2019-09-30/functions/f/provisioned-concurrency?List=ALL", "ListProvisionedConcurrencyConfigs"),
        ("/2019-09-25/functions/f/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
        ("/2015-03-31/functions/", "ListFunctions"),
    ],
)
def test_routes_that_resemble_each_other_are_told_apart(target: str, operation: str) -> None:
    path, _, query = target.partition("?")
    assert routes.find("GET", path.encode(), query.encode()).operation == operation


def test_an_operation_that_is_not_built_yet_is_named(desk: Desk) -> None:
    answer = desk.ask("GET", "/2025-11-30/capacity-providers")
    assert (answer.status, answer.error) == (501, "UnknownOperationException")
    assert "ListCapacityProviders" in answer.document["Message"]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/2015-03-31/functions//configuration"),
        ("PATCH", "/2015-03-31/functions"),
        ("OPTIONS", "/_lamb/health"),
    ],
)
def test_what_nobody_knows_is_an_error_of_aws_shape(desk: Desk, method: str, target: str) -> None:
    answer = desk.ask(method, target)
    assert (answer.status, answer.error) == (501, "UnknownOperationException")
    assert answer.headers["x-amzn-requestid"]


def test_every_answer_has_a_request_id_of_its_own(desk: Desk) -> None:
    first, second = (desk.ask("GET", "/_lamb/health").headers["x-amzn-requestid"] for _ in range(2))
    assert first != second


def test_a_bug_is_a_500_that_gives_nothing_away(desk: Desk, services: Services) -> None:
    def broken() -> None:
        raise RuntimeError("secret")

    services.health = broken  # type: ignore[assignment, method-assign]
    answer = desk.ask("GET", "/_lamb/health")
    assert (answer.status, answer.error) == (500, "ServiceException")
    assert b"secret" not in answer.body
    assert answer.headers["x-amzn-requestid"] in answer.document["Message"]


def test_a_configuration_over_5120_bytes_is_too_large(desk: Desk) -> None:
    answer = desk.ask("PUT", "/2015-03-31/functions/f/configuration", b" " * 5121)
    assert (answer.status, answer.document) == (
        413,
        {"Message": "Request must be smaller than 5120 bytes for the UpdateFunctionConfiguration operation"},
    )


def test_health_stop_doctor_and_ports_are_lambs_own(desk: Desk, services: Services) -> None:
    assert desk.ask("GET", "/_lamb/health").document["version"] == "1.0"
    assert desk.ask("GET", "/_lamb/doctor").document == {"summary": "9/9"}
    opened = {"port": 4000, "url": "http://127.0.0.1:4000", "auth": "sigv4"}
    assert desk.ask("POST", "/_lamb/ports/0").document == opened
    assert desk.ask("POST", "/_lamb/ports/0?auth=none").document == {**opened, "auth": "none"}
    assert desk.ask("POST", "/_lamb/ports/0?auth=basic").error == "InvalidParameterValueException"
    assert desk.ask("GET", "/_lamb/ports").document["Ports"][0] == opened
    assert desk.ask("DELETE", "/_lamb/ports/4000").status == 204
    assert desk.ask("POST", "/_lamb/invocations/none/cancel").document == {"Cancelled": False}
    assert desk.ask("POST", "/_lamb/stop").status == 202
    assert services.stopped


def test_a_port_for_others_than_this_machine_is_refused(desk: Desk) -> None:
    assert desk.ask("POST", "/_lamb/ports/0?host=0.0.0.0").error == "InvalidParameterValueException"


def test_settled_waits_as_long_as_it_is_told(desk: Desk) -> None:
    assert desk.ask("GET", "/_lamb/functions/f/settled").document == {"Settled": True}
    assert desk.ask("GET", "/_lamb/functions/f/settled?timeout_ms=0").document == {"Settled": False}
    assert desk.ask("GET", "/_lamb/functions/f/settled?timeout_ms=x").status == 400


def test_completion_offers_the_runtimes_that_are_there(desk: Desk) -> None:
    assert desk.ask("GET", "/_lamb/complete?kind=runtimes").body == b"python3.11\n"
    assert desk.ask("GET", "/_lamb/complete?kind=colours").status == 400


def test_an_answer_is_compact_json_in_utf8(desk: Desk) -> None:
    body = desk.ask("GET", "/_lamb/runtimes").body
    assert (
        body
        == json.dumps(
            {"Runtimes": [{"name": "python3.11", "path": "/p"}, {"name": "python3.12", "path": None}]},
            separators=(",", ":"),
        ).encode()
    )
