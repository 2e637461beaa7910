from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamb.daemon.services import Tokens
from lamb.model.function import Configuration
from lamb.model.invocation import Target
from lamb.model.names import FunctionKey

KEY = FunctionKey("123456789012", "us-east-1", "f")


def target(network: str = "host") -> Target:
    configuration = Configuration("python3.12", "a.h", "r", "s", 1, network=network)
    return Target(KEY, "1", "a", configuration, Path(), dict)


def test_an_environment_gets_credentials_of_awss_form():
    given = Tokens().identify(target()).variables
    assert re.fullmatch(r"ASIA[0-9A-F]{16}", given["AWS_ACCESS_KEY_ID"])
    assert len(given["AWS_SECRET_ACCESS_KEY"]) == 40
    assert len(given["AWS_SESSION_TOKEN"]) >= 64


def test_a_token_names_its_function_while_the_environment_lives():
    tokens = Tokens()
    first, second = tokens.identify(target()), tokens.identify(target())
    shown = [i.variables["AWS_SESSION_TOKEN"] for i in (first, second)]
    assert tokens.owners == dict.fromkeys(shown, KEY)
    first.revoke()
    first.revoke()
    assert tokens.owners == {shown[1]: KEY}


@pytest.mark.parametrize(("network", "told"), [("host", True), ("none", False)])
def test_only_who_can_reach_the_daemon_is_told_where_it_is(network, told):
    tokens = Tokens()
    tokens.port = 4566
    assert ("AWS_ENDPOINT_URL_LAMBDA" in tokens.identify(target(network)).variables) == told
