"""lamb concurrency: what it shows, sets and waits for."""

from __future__ import annotations

import json

import pytest
from unit.cli.command_lines import ARN, provision

from lamb.model.wire import INIT_FAILURE


def test_a_function_shows_what_is_reserved_and_what_is_ready(lamb_line, client):
    assert lamb_line("concurrency", "hello") == 0
    assert lamb_line.out == "reserved\t5\nprovisioned prod\t2 of 2 · READY\n"
    client.concurrency.amount = None
    lamb_line("concurrency", "hello")
    assert lamb_line.out.startswith("reserved\tnone\n")
    lamb_line("concurrency", "hello", "--json")
    document = json.loads(lamb_line.out)
    assert "ReservedConcurrentExecutions" not in document
    assert document["ProvisionedConcurrencyConfigs"][0]["FunctionArn"] == f"{ARN}hello:prod"


@pytest.mark.parametrize("name", ["hello:prod", f"{ARN}hello:prod"])
def test_a_version_or_an_alias_shows_its_own(lamb_line, client, name):
    client.concurrency.provisioned = lambda *of: client.said.append(of) or provision(1, 3, "IN_PROGRESS")
    assert lamb_line("concurrency", name) == 0
    assert lamb_line.out == "provisioned\t1 of 3 · IN_PROGRESS\n"
    assert client.said == [(name.removesuffix(":prod"), "prod")]


def test_nothing_provisioned_is_not_found(lamb_line):
    assert lamb_line("concurrency", "hello:3") == 3
    assert lamb_line.err == "lamb: No Provisioned Concurrency Config found for this function\n"


def test_a_name_that_ends_in_function_is_a_name(lamb_line, client):
    lamb_line("concurrency", "my-function:1", "--clear")
    assert client.said == [("unprovision", "my-function", "1")]


@pytest.mark.parametrize(
    ("amount", "receipt"), [("5", "✓ hello has 5 reserved\n"), ("0", "✓ hello is stopped\n")]
)
def test_an_amount_is_reserved(lamb_line, client, amount, receipt):
    assert lamb_line("concurrency", "hello", "--reserved", amount, "-v") == 0
    assert client.said == [("reserve", "hello", int(amount))]
    assert (lamb_line.out, lamb_line.err) == (f"reserved\t{amount}\n", receipt)
    lamb_line("concurrency", "hello", "--reserved", amount, "--json")
    assert json.loads(lamb_line.out) == {"ReservedConcurrentExecutions": int(amount)}


def test_provisioning_waits_until_it_is_ready(lamb_line, client):
    client.concurrency.states = [
        provision(0, 2, "IN_PROGRESS"), provision(1, 2, "IN_PROGRESS"), provision(2, 2, "READY"),
    ]  # fmt: skip
    assert lamb_line("concurrency", "hello:prod", "--provisioned", "2", "-v") == 0
    assert client.said == [("provision", "hello", "prod", 2), *[("wait", "hello", "prod")] * 2]
    assert lamb_line.out == "provisioned\t2 of 2 · READY\n"
    assert lamb_line.err == "✓ hello:prod has 2 of 2 environments ready\n"


def test_provisioning_need_not_wait(lamb_line, client):
    client.concurrency.states = [provision(0, 2, "IN_PROGRESS")]
    assert lamb_line("concurrency", "hello:prod", "--provisioned", "2", "--no-wait", "--json") == 0
    assert client.said == [("provision", "hello", "prod", 2)]
    assert json.loads(lamb_line.out)["Status"] == "IN_PROGRESS"


def test_a_handler_that_cannot_be_loaded_is_exit_code_13(lamb_line, client):
    client.concurrency.states = [provision(0, 2, "IN_PROGRESS"), provision(0, 2, "FAILED", INIT_FAILURE)]
    assert lamb_line("concurrency", "hello:prod", "--provisioned", "2") == 13
    assert lamb_line.out == f"provisioned\t0 of 2 · FAILED · {INIT_FAILURE}\n"
    assert lamb_line.err == (
        "lamb: the handler of hello:prod cannot be loaded\nhint: `lamb logs hello` says why\n"
    )


def test_another_failure_is_one_of_lambs(lamb_line, client):
    client.concurrency.states = [provision(1, 2, "FAILED", "no room")]
    assert lamb_line("concurrency", "hello:prod", "--provisioned", "2") == 1
    assert lamb_line.err == "lamb: the environments of hello:prod cannot be started: no room\n"


def test_what_is_set_aside_is_given_back(lamb_line, client):
    assert lamb_line("concurrency", "hello", "--clear", "-v") == 0
    assert lamb_line.err == "✓ hello has nothing reserved\n"
    assert lamb_line("concurrency", "hello:prod", "--clear", "-v") == 0
    assert lamb_line.err == "✓ hello:prod has nothing provisioned\n"
    assert client.said == [("unreserve", "hello"), ("unprovision", "hello", "prod")]


def test_provisioned_concurrency_needs_a_version_or_an_alias(lamb_line, client):
    assert lamb_line("concurrency", "hello", "--provisioned", "2") == 2
    assert lamb_line.err == (
        "lamb: Provisioned concurrency belongs to a version or an alias\n"
        "hint: `lamb concurrency hello:VERSION --provisioned 2`\n"
    )
    assert client.said == []


@pytest.mark.parametrize(
    "line",
    [
        "hello --reserved 1 --provisioned 1",
        "hello --reserved 0 --clear",
        "hello:prod --provisioned 1 --clear",
        "hello --reserved -1",
        "hello:prod --provisioned 0",
        "hello --reserved many",
    ],
)
def test_what_makes_no_sense_is_refused(lamb_line, client, line):
    assert lamb_line("concurrency", *line.split()) == 2
    assert client.said == []
