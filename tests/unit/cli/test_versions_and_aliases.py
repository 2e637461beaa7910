"""publish, versions, alias and rollback."""

from __future__ import annotations

import pytest


def test_publish_prints_the_number_alone(lamb_line, client):
    assert lamb_line("publish", "hello", "--description", "seven", "--code-sha256", "x") == 0
    assert (lamb_line.out, lamb_line.err) == ("3\n", "")
    assert client.said[-1] == ("publish", "hello", {"Description": "seven", "CodeSha256": "x"})


def test_versions_show_the_aliases_that_point_at_them(lamb_line):
    lamb_line("versions", "hello")
    rows = [line.split("\t")[:2] for line in lamb_line.out.splitlines()]
    assert rows == [["$LATEST", ""], ["1", "prod 90%"], ["2", "prod 10%"]]
    lamb_line("versions", "hello", "-q")
    assert lamb_line.out == "$LATEST\n1\n2\n"


def test_an_alias_is_created_with_a_weight(lamb_line, client):
    assert lamb_line("alias", "create", "hello", "dev", "--version", "1", "--weight", "2=0.25", "-v") == 0
    body = {"FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}}, "Name": "dev"}
    assert client.said == [("alias_create", "hello", body)]
    assert lamb_line.out.endswith(":function:hello:dev\n")
    assert lamb_line.err == "✓ dev → 1 (75%), 2 (25%)\n"


@pytest.mark.parametrize("weight", ["2", "2=", "=x", "2=much"])
def test_a_weight_that_is_no_number_is_refused(lamb_line, weight):
    assert lamb_line("alias", "update", "hello", "prod", "--weight", weight) == 2


def test_an_update_changes_only_what_is_given(lamb_line, client):
    lamb_line("alias", "update", "hello", "prod", "--version", "2")
    assert client.said[-1][-1] == {"FunctionVersion": "2"}
    lamb_line("alias", "update", "hello", "prod", "--no-weight")
    assert client.said[-1][-1] == {"RoutingConfig": {"AdditionalVersionWeights": {}}}
    assert lamb_line("alias", "update", "hello", "prod", "--no-weight", "--weight", "2=0.1") == 2


def test_an_alias_is_shown_with_its_routes(lamb_line):
    lamb_line("alias", "list", "hello")
    assert lamb_line.out == "prod\t1 (90%), 2 (10%)\t\n"
    lamb_line("alias", "get", "hello", "prod")
    assert "routes\t1 (90%), 2 (10%)\n" in lamb_line.out


def test_deleting_an_alias_that_is_not_there_is_said_although_aws_is_silent(lamb_line, client):
    assert lamb_line("alias", "delete", "hello", "nothing", "--yes") == 3
    assert lamb_line("alias", "delete", "hello", "nothing", "--yes", "--ignore-not-found") == 0
    assert lamb_line("alias", "delete", "hello", "prod") == 4
    assert client.said == []
    assert lamb_line("alias", "delete", "hello", "prod", "--yes") == 0
    assert client.said == [("alias_delete", "hello", "prod")]


def test_rollback_prints_the_version_the_alias_is_back_on(lamb_line):
    assert lamb_line("rollback", "hello", "prod", "-v") == 0
    assert lamb_line.out == "2\n"
    assert lamb_line.err == "✓ hello:prod is back on 2\n"
