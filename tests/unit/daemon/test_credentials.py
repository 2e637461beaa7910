from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from unit.core.entities import make_role

from lamb.core import credentials as use_cases
from lamb.core import roles
from lamb.daemon.credentials import Credentials
from lamb.model.credentials import RoleSession
from lamb.model.errors import AccessDenied, UnrecognizedClient
from lamb.model.function import DEFAULT_ROLE, Configuration
from lamb.model.invocation import Target
from lamb.model.names import FunctionKey
from lamb.model.policy import Ask
from lamb.queue.post import named_endpoints

KEY = FunctionKey("123456789012", "us-east-1", "f")
SESSION = RoleSession("arn:aws:iam::123456789012:role/clerk", "anna")
OF_FUNCTION = SESSION._replace(function=KEY)
LIST = Ask("lambda:ListFunctions")


def policy(statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


class Watched(Credentials):
    """Counts how often it goes to the store."""

    def __init__(self, core):
        super().__init__(core, self._in_this_thread)
        self.went = 0

    async def _in_this_thread(self, work, *arguments):
        self.went += 1
        return work(*arguments)

    def found(self, given):
        return asyncio.run(self.find(given.key_id, given.token))

    def may(self, ask=LIST, *, by_default=False, session=OF_FUNCTION):
        try:
            asyncio.run(self.require(session, ask, by_default=by_default))
        except AccessDenied:
            return False
        return True


@pytest.fixture
def credentials(plane):
    return Watched(plane.core)


def target(network: str = "host") -> Target:
    configuration = Configuration("python3.12", "a.h", DEFAULT_ROLE, "s", 1, network=network)
    return Target(KEY, "1", "a", configuration, Path(), dict)


def shown(identity):
    variables = identity.variables
    return variables["AWS_ACCESS_KEY_ID"], variables["AWS_SESSION_TOKEN"]


def test_an_environment_gets_credentials_of_awss_form(credentials):
    given = credentials.identify(target()).variables
    assert re.fullmatch(r"ASIA[0-9A-Z]{16}", given["AWS_ACCESS_KEY_ID"])
    assert len(given["AWS_SECRET_ACCESS_KEY"]) == 40
    assert len(given["AWS_SESSION_TOKEN"]) >= 64


def test_credentials_name_the_role_and_the_function_while_the_environment_lives(credentials):
    first, second = credentials.identify(target()), credentials.identify(target())
    for identity in (first, second):
        found = asyncio.run(credentials.find(*shown(identity)))
        assert found.secret == identity.variables["AWS_SECRET_ACCESS_KEY"]
        assert found.session.arn == "arn:aws:sts::123456789012:assumed-role/lamb-local/f"
        assert found.session.function == KEY
    first.revoke()
    first.revoke()
    with pytest.raises(UnrecognizedClient):
        asyncio.run(credentials.find(*shown(first)))
    assert asyncio.run(credentials.find(*shown(second)))


@pytest.mark.parametrize("token", [None, "", "another"])
def test_a_functions_key_is_of_no_use_without_its_token(credentials, token):
    key_id, _ = shown(credentials.identify(target()))
    with pytest.raises(UnrecognizedClient):
        asyncio.run(credentials.find(key_id, token))


@pytest.mark.parametrize(("network", "told"), [("host", True), ("none", False)])
def test_only_who_can_reach_the_daemon_is_told_where_it_is(credentials, network, told):
    credentials.port = 4566
    assert ("AWS_ENDPOINT_URL_LAMBDA" in credentials.identify(target(network)).variables) == told


def test_functions_are_told_where_services_are_that_lamb_is_not(credentials):
    credentials.port = 4566
    credentials.elsewhere = named_endpoints(
        {"AWS_ENDPOINT_URL_S3": "http://s3", "AWS_ENDPOINT_URL_SQS": "http://sqs", "AWS_ENDPOINT_URL": "no",
         "AWS_ENDPOINT_URL_KMS": "", "PATH": "/bin"}
    )  # fmt: skip
    told = credentials.identify(target()).variables
    assert (told["AWS_ENDPOINT_URL_S3"], told["AWS_ENDPOINT_URL_SQS"]) == ("http://s3", "http://sqs")
    assert told["AWS_ENDPOINT_URL_KMS"] == told["AWS_ENDPOINT_URL_IAM"] == "http://127.0.0.1:4566"
    assert not {"AWS_ENDPOINT_URL", "PATH"} & told.keys()


def test_a_key_is_looked_for_once(credentials, plane):
    made = use_cases.create(plane.core, "123456789012")
    assert credentials.found(made) == credentials.found(made) == made
    assert credentials.went == 1
    credentials.forget()
    use_cases.delete(plane.core, made.key_id)
    with pytest.raises(UnrecognizedClient):
        credentials.found(made)


def test_an_account_is_signed_for_with_the_secret_of_the_default_key(credentials, plane):
    with pytest.raises(UnrecognizedClient):
        asyncio.run(credentials.find("111122223333", None))
    default = use_cases.default(plane.core, "123456789012")
    found = asyncio.run(credentials.find("111122223333", None))
    assert (found.account, found.secret) == ("111122223333", default.secret)


def test_a_session_is_found_by_its_token(credentials, plane):
    made = use_cases.session(plane.core, SESSION, 3600)
    assert credentials.found(made) == made
    with pytest.raises(UnrecognizedClient):
        asyncio.run(credentials.find("ASIAIOSFODNN7EXAMPLE", made.token))


def test_a_change_while_a_key_is_looked_for_is_not_missed(credentials, plane):
    made = use_cases.create(plane.core, "123456789012")

    async def changed_meanwhile(work, *arguments):
        found = work(*arguments)
        credentials.forget()
        return found

    credentials._run = changed_meanwhile
    assert credentials.found(made) == made
    assert not credentials._known


def test_what_a_role_may_do_is_read_once_until_it_changes(credentials, plane):
    assert (credentials.may(), credentials.may(by_default=True)) == (False, True)
    assert not credentials.may(by_default=True, session=SESSION), "only functions may name any role"
    allowed = {"Effect": "Allow", "Action": "lambda:ListFunctions", "Resource": "*"}
    make_role(plane, "clerk")
    roles.put_inline(plane.core, "123456789012", "clerk", "lists", policy(allowed))
    assert (credentials.may(), credentials.went) == (False, 1)
    credentials.forget()
    assert (credentials.may(), credentials.went) == (True, 2)
    assert not credentials.may(Ask("lambda:DeleteFunction"), by_default=True)
