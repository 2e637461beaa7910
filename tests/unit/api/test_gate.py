from __future__ import annotations

import pytest
from unit.api.desk import Desk, Services

from lamb.api.gate import Gate
from lamb.model.names import FunctionKey

INVOKE = "/2015-03-31/functions/f/invocations"
CALLER = FunctionKey("123456789012", "eu-west-1", "caller")


@pytest.fixture
def port(services: Services) -> Desk:
    """The owner's listener on a TCP port."""
    return Desk(services, Gate("owner", frozenset({"box.test"})))


@pytest.fixture
def door(services: Services) -> Desk:
    """The listener for functions."""
    services.function_tokens["t0ken"] = CALLER
    return Desk(services, Gate("functions"))


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:9000", "[::1]:9000", "LOCALHOST:1", "x.localhost", "box.test"]
)
def test_a_port_answers_to_the_names_of_this_machine(port: Desk, host: str) -> None:
    assert port.ask("POST", INVOKE, headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "", "10.0.0.1", "["]
)
def test_a_name_that_a_page_had_resolve_to_this_machine_is_refused(
    port: Desk, services: Services, host: str
) -> None:
    answer = port.ask("POST", INVOKE, headers={"Host": host})
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert not services.invoked


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost.evil.test", "file://"])
def test_a_page_of_another_origin_cannot_call_a_function(port: Desk, services: Services, origin: str) -> None:
    answer = port.ask("POST", INVOKE, headers={"Host": "localhost", "Origin": origin})
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert not services.invoked


def test_a_link_or_an_image_of_another_page_reaches_nothing(port: Desk) -> None:
    headers = {"Host": "localhost", "Sec-Fetch-Site": "cross-site"}
    assert port.ask("GET", "/_lamb/health", headers=headers).status == 403


def test_a_page_of_this_machine_can_call_a_function(port: Desk) -> None:
    headers = {"Host": "localhost:9000", "Origin": "http://localhost:3000"}
    assert port.ask("POST", INVOKE, headers=headers).status == 200


def test_a_function_with_its_token_may_invoke_in_its_own_region(door: Desk, services: Services) -> None:
    headers = {"Host": "127.0.0.1", "X-Amz-Security-Token": "t0ken"}
    assert door.ask("POST", INVOKE, headers=headers).status == 200
    assert services.invoked[0][0].key == FunctionKey("123456789012", "eu-west-1", "f")


@pytest.mark.parametrize("headers", [{}, {"X-Amz-Security-Token": "guessed"}])
def test_without_a_known_token_a_function_may_do_nothing(
    door: Desk, services: Services, headers: dict[str, str]
) -> None:
    answer = door.ask("POST", INVOKE, headers={"Host": "127.0.0.1", **headers})
    assert (answer.status, answer.error) == (403, "UnrecognizedClientException")
    assert not services.invoked


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/2015-03-31/functions"),
        ("DELETE", "/2015-03-31/functions/f"),
        ("PUT", "/2015-03-31/functions/f/code"),
        ("GET", "/_lamb/health"),
        ("POST", "/_lamb/stop"),
        ("GET", "/_lamb/functions/f/environment"),
        ("POST", "/_lamb/ports/0"),
    ],
)
def test_a_function_may_not_administer(door: Desk, services: Services, method: str, target: str) -> None:
    answer = door.ask(method, target, headers={"Host": "127.0.0.1", "X-Amz-Security-Token": "t0ken"})
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert CALLER.arn in answer.document["Message"]
    assert not services.stopped


def test_a_function_may_not_choose_a_request_id(door: Desk, services: Services) -> None:
    chosen = "0a1b2c3d-0000-4000-8000-0123456789ab"
    headers = {"Host": "127.0.0.1", "X-Amz-Security-Token": "t0ken", "X-Lamb-Request-Id": chosen}
    door.ask("POST", INVOKE, headers=headers)
    assert services.invoked[0][1].request_id != chosen
