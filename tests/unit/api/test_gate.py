from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

import pytest
from harness.signing import signed
from unit.api.desk import Desk, Services

from lamb.api.gate import Gate
from lamb.core.authorization import Rights
from lamb.model.credentials import RoleSession
from lamb.model.function import DEFAULT_ROLE
from lamb.model.names import FunctionKey

INVOKE = "/2015-03-31/functions/f/invocations"
LIST = "/2015-03-31/functions"
ROLE = "arn:aws:iam::123456789012:role/clerks/clerk"
CLERK = RoleSession(ROLE, "anna")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:l:3"


@pytest.fixture
def port(services: Services) -> Desk:
    """A port of `lamb serve --no-auth`."""
    return Desk(services, Gate("anyone", frozenset({"box.test"})))


@pytest.fixture
def door(services: Services) -> Desk:
    """A port of `lamb serve`, or the listener for functions."""
    return Desk(services, Gate("signed"))


@pytest.fixture
def owner(services: Services) -> dict[str, str]:
    return services.credentials.hand_out()


# ------------------------------------------------------------------ pages


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
@pytest.mark.parametrize("callers", ["anyone", "signed"])
def test_a_page_of_another_origin_cannot_call_a_function(
    services: Services, owner: dict[str, str], callers: Any, origin: str
) -> None:
    headers = {"host": "localhost", "origin": origin}
    answer = Desk(services, Gate(callers)).ask("POST", INVOKE, headers=headers, keys=owner)
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert not services.invoked


def test_a_link_or_an_image_of_another_page_reaches_nothing(port: Desk) -> None:
    headers = {"Host": "localhost", "Sec-Fetch-Site": "cross-site"}
    assert port.ask("GET", "/_lamb/health", headers=headers).status == 403


def test_a_page_of_this_machine_can_call_a_function(port: Desk) -> None:
    headers = {"Host": "localhost:9000", "Origin": "http://localhost:3000"}
    assert port.ask("POST", INVOKE, headers=headers).status == 200


# ------------------------------------------------------------------ signatures


def refused(door: Desk, keys: Mapping[str, str] | None, **more: Any) -> tuple[str, str]:
    """Code and message; nothing was run."""
    answer = door.ask("POST", INVOKE, b"[1]", keys=keys, **{"headers": {"host": "localhost"}, **more})
    assert answer.status == 403
    assert not door.services.invoked
    return answer.error, answer.document["message"]


def test_a_signed_request_is_carried_out(door: Desk, owner: dict[str, str], services: Services) -> None:
    answer = door.ask("POST", INVOKE, parts=[b"[1", b", 2]"], keys=owner)
    assert (answer.status, answer.body) == (200, b"[1, 2]")
    assert services.invoked[0][1].payload == b"[1, 2]"


def test_an_unsigned_request_is_refused(door: Desk) -> None:
    assert refused(door, None) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


def test_a_request_of_an_unknown_key_is_refused(door: Desk, owner: dict[str, str]) -> None:
    unknown = {**owner, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}
    told = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert refused(door, unknown) == told
    assert refused(door, {**owner, "AWS_SESSION_TOKEN": "invented"}) == told


def test_a_wrongly_signed_request_is_refused(door: Desk, owner: dict[str, str]) -> None:
    code, message = refused(door, {**owner, "AWS_SECRET_ACCESS_KEY": "guessed"})
    assert code == "InvalidSignatureException"
    assert message == (
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details."
    )


def test_a_body_that_was_changed_on_the_way_is_refused(door: Desk, owner: dict[str, str]) -> None:
    proof = signed("POST", INVOKE, "localhost", owner, b"[2]")
    assert refused(door, None, headers=proof)[0] == "InvalidSignatureException"


def test_a_request_that_was_signed_for_another_host_is_refused(door: Desk, owner: dict[str, str]) -> None:
    proof = signed("POST", INVOKE, "lambda.us-east-1.amazonaws.com", owner, b"[1]")
    assert refused(door, None, headers={**proof, "host": "localhost"})[0] == "InvalidSignatureException"
    code = door.ask("POST", INVOKE, b"[1]", headers=proof).error
    assert code == "AccessDeniedException"


def test_a_request_that_was_signed_for_another_service_is_refused(door: Desk, owner: dict[str, str]) -> None:
    proof = signed("POST", INVOKE, "localhost", owner, b"[1]", service="s3")
    told = "Credential should be scoped to correct service: 'lambda'."
    assert refused(door, None, headers=proof) == ("InvalidSignatureException", told)


def test_an_old_request_is_refused(door: Desk, owner: dict[str, str]) -> None:
    proof = signed("POST", INVOKE, "localhost", owner, b"[1]")
    old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 301))
    code, message = refused(door, None, headers={**proof, "x-amz-date": old})
    assert code == "InvalidSignatureException"
    assert message.startswith(f"Signature expired: {old} is now earlier than ")


def test_a_session_that_is_over_is_refused(door: Desk, services: Services) -> None:
    over = services.credentials.hand_out(CLERK, expires_ms=int(time.time() * 1000) - 1)
    told = ("ExpiredTokenException", "The security token included in the request is expired")
    assert refused(door, over) == told


def test_the_owners_socket_asks_for_no_signature(services: Services) -> None:
    assert Desk(services).ask("POST", INVOKE).status == 200


# ------------------------------------------------------------------ accounts and regions


def test_the_region_is_that_of_the_signature(door: Desk, owner: dict[str, str], services: Services) -> None:
    assert door.ask("POST", INVOKE, keys=owner, region="eu-west-1").status == 200
    assert services.invoked[0][0].key == FunctionKey("123456789012", "eu-west-1", "f")


@pytest.mark.parametrize(
    ("key_id", "region", "place"),
    [
        ("any", "eu-west-1", ("123456789012", "eu-west-1")),
        ("111122223333", "us-east-1", ("111122223333", "us-east-1")),
        ("111122223333", "nowhere", ("123456789012", "us-east-1")),
    ],
)
def test_without_authentication_account_and_region_are_as_claimed(
    port: Desk, services: Services, key_id: str, region: str, place: tuple[str, str]
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": "any"}
    assert port.ask("POST", INVOKE, keys=keys, region=region).status == 200
    assert services.invoked[0][0].key == FunctionKey(*place, "f")


@pytest.mark.parametrize("authorization", [None, "Bearer x", "AWS4-HMAC-SHA256 Credential=a"])
def test_without_authentication_anything_is_taken(port: Desk, authorization: str | None) -> None:
    headers = {"host": "localhost", **({"authorization": authorization} if authorization else {})}
    assert port.ask("POST", INVOKE, headers=headers).status == 200


# ------------------------------------------------------------------ functions and roles


def test_a_function_may_invoke_in_the_region_that_it_signs_for(door: Desk, services: Services) -> None:
    keys = services.credentials.of_function()
    assert door.ask("POST", INVOKE, keys=keys, region="eu-west-1").status == 200
    assert services.invoked[0][0].key == FunctionKey("123456789012", "eu-west-1", "f")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/2015-03-31/functions"),
        ("DELETE", "/2015-03-31/functions/f"),
        ("PUT", "/2015-03-31/functions/f/code"),
        ("GET", "/_lamb/health"),
        ("POST", "/_lamb/stop"),
        ("GET", "/_lamb/functions/f/environment"),
        ("GET", "/_lamb/keys"),
        ("POST", "/_lamb/keys/default"),
        ("POST", "/_lamb/ports/0"),
    ],
)
def test_a_function_may_not_administer(door: Desk, services: Services, method: str, target: str) -> None:
    answer = door.ask(method, target, keys=services.credentials.of_function())
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert "assumed-role/lamb-local/caller is not authorized to perform: " in answer.document["Message"]
    assert not services.stopped


def test_a_function_may_not_choose_a_request_id(door: Desk, services: Services) -> None:
    chosen = "0a1b2c3d-0000-4000-8000-0123456789ab"
    headers = {"host": "localhost", "X-Lamb-Request-Id": chosen}
    door.ask("POST", INVOKE, headers=headers, keys=services.credentials.of_function())
    assert services.invoked[0][1].request_id != chosen


def policy(effect: str, action: str, resource: str = "*") -> dict[str, Any]:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_role_that_lacks_an_action_is_told_which(control: Desk, services: Services) -> None:
    services.credentials.roles[ROLE] = Rights([policy("Allow", "lambda:ListFunctions")])
    answer = control.ask("POST", INVOKE, keys=services.credentials.hand_out(CLERK))
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert answer.document == {
        "Message": "User: arn:aws:sts::123456789012:assumed-role/clerk/anna is not authorized to perform: "
        f"lambda:InvokeFunction on resource: {ARN} because no identity-based policy allows the "
        "lambda:InvokeFunction action"
    }
    assert not services.invoked


def test_an_explicit_deny_is_called_so(control: Desk, services: Services) -> None:
    services.credentials.roles[ROLE] = Rights([policy("Allow", "*"), policy("Deny", "lambda:Invoke*")])
    answer = control.ask("POST", f"{INVOKE}?Qualifier=prod", keys=services.credentials.hand_out(CLERK))
    told = f"lambda:InvokeFunction on resource: {ARN}:prod with an explicit deny in an identity-based policy"
    assert answer.document["Message"].endswith(told)


@pytest.mark.parametrize(("resource", "status"), [(ARN, 200), (f"{ARN}:*", 403), (f"{ARN[:-1]}*", 200)])
def test_a_role_may_be_limited_to_resources(
    control: Desk, services: Services, resource: str, status: int
) -> None:
    services.credentials.roles[ROLE] = Rights([policy("Allow", "lambda:InvokeFunction", resource)])
    assert control.ask("POST", INVOKE, keys=services.credentials.hand_out(CLERK)).status == status


def test_boundaries_and_session_policies_take_away_and_give_nothing(
    control: Desk, services: Services
) -> None:
    services.credentials.roles[ROLE] = Rights([policy("Allow", "*")], policy("Allow", "lambda:List*"))
    answer = control.ask("POST", INVOKE, keys=services.credentials.hand_out(CLERK))
    assert "because no permissions boundary allows the lambda:InvokeFunction" in answer.document["Message"]
    services.credentials.roles[ROLE] = Rights([policy("Allow", "*")])
    limited = RoleSession(ROLE, "anna", policies=(policy("Allow", "s3:*"),))
    answer = control.ask("POST", INVOKE, keys=services.credentials.hand_out(limited))
    assert "because no session policy allows the lambda:InvokeFunction" in answer.document["Message"]


def test_a_role_needs_to_be_allowed_to_pass_another_one(control: Desk, services: Services) -> None:
    services.credentials.roles[ROLE] = Rights([policy("Allow", "lambda:*")])
    body = {"FunctionName": "made", "Role": DEFAULT_ROLE, "Code": {}}
    answer = control.ask("POST", LIST, body, keys=services.credentials.hand_out(CLERK))
    told = (
        f"iam:PassRole on resource: {DEFAULT_ROLE} because no identity-based policy allows the iam:PassRole"
    )
    assert told in answer.document["Message"]
    create, passing = services.credentials.asked
    assert (create.action, create.resource) == ("lambda:CreateFunction", f"{ARN[:-1]}made")
    assert passing.context["iam:PassedToService"] == "lambda.amazonaws.com"


@pytest.mark.parametrize(
    ("method", "target", "around"),
    [
        ("POST", LIST, lambda code: {"FunctionName": "made", "Role": DEFAULT_ROLE, "Code": code}),
        ("PUT", f"{LIST}/f/code", lambda code: code),
        ("POST", "/2018-10-31/layers/l/versions", lambda code: {"Content": code}),
    ],
)
def test_whatever_its_role_allows_a_function_reads_no_directory_of_the_host_as_live_code(
    control: Desk, services: Services, method: str, target: str, around: Any
) -> None:
    services.credentials.roles[ROLE] = Rights([policy("Allow", "*")])
    body = around({"S3Bucket": "hot-reload", "S3Key": "/etc/ssl"})
    answer = control.ask(method, target, body, keys=services.credentials.hand_out(CLERK))
    assert (answer.status, answer.error) == (403, "AccessDeniedException")
    assert "Only the owner of this home may name a live directory" in answer.document["Message"]


@pytest.fixture
def control(services: Services, core: Any) -> Desk:
    """A signed port in front of the real control plane."""
    services.core = core
    return Desk(services, Gate("signed"))


@pytest.mark.parametrize(
    ("call", "action", "resource"),
    [
        (("GET", LIST, b""), "ListFunctions", "*"),
        (("GET", f"{LIST}/f?Qualifier=2", b""), "GetFunction", f"{ARN}:2"),
        (("DELETE", f"{LIST}/f", b""), "DeleteFunction", ARN),
        (("POST", f"{LIST}/f/aliases", {"Name": "a", "FunctionVersion": "1"}), "CreateAlias", ARN),
        (("GET", "/2018-10-31/layers/l/versions/3", b""), "GetLayerVersion", LAYER),
        (("GET", "/2017-03-31/tags/" + ARN.replace(":", "%3A"), b""), "ListTags", ARN),
        (("GET", "/2016-08-19/account-settings", b""), "GetAccountSettings", "*"),
    ],
)
def test_operations_are_known_to_iam_by_their_own_names(
    control: Desk, services: Services, call: tuple[str, str, Any], action: str, resource: str
) -> None:
    method, target, body = call
    control.ask(method, target, body, keys=services.credentials.hand_out(CLERK))
    (ask,) = services.credentials.asked
    assert (ask.action, ask.resource) == (f"lambda:{action}", resource)
    assert ask.principal_arn == CLERK.arn
    assert ask.context["aws:PrincipalArn"] == ROLE


# ------------------------------------------------------------------ what does not sign


def test_prometheus_shows_its_key_and_secret(door: Desk, owner: dict[str, str], services: Services) -> None:
    services.core = None
    pair = f"{owner['AWS_ACCESS_KEY_ID']}:{owner['AWS_SECRET_ACCESS_KEY']}"
    for target, password, status in [
        ("/_lamb/metrics", pair[:-1], 403),
        ("/_lamb/metrics", "nobody:x", 403),
        ("/_lamb/metrics", "", 403),
        (LIST, pair, 403),
        ("/_lamb/keys", pair, 403),
    ]:
        basic = base64.b64encode(password.encode()).decode()
        headers = {"host": "localhost", "authorization": f"Basic {basic}"}
        assert door.ask("GET", target, headers=headers).status == status


def test_secrets_are_told_on_the_owners_socket_alone(port: Desk, door: Desk, owner: dict[str, str]) -> None:
    for desk in (port, door):
        for target in ("/_lamb/keys", "/_lamb/keys/default"):
            answer = desk.ask("POST", target, keys=owner)
            assert (answer.status, answer.error) == (403, "AccessDeniedException")
            assert "SecretAccessKey" not in answer.document
