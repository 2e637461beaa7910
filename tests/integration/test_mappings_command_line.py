"""`lamb mapping …` through the real program and a real daemon."""

from __future__ import annotations

import harness
import pytest

QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


@pytest.fixture(scope="module")
def home(lamb_of_module: harness.Lamb) -> harness.Lamb:
    """A home with the function `taker` and the queue `orders`."""
    lamb_of_module.write("taker.py", "def handler(event, context):\n    return event\n")
    lamb_of_module.run("create", "taker", "--file", "taker.py", "--runtime", lamb_of_module.runtime)
    lamb_of_module.run("queue", "create", "orders")
    return lamb_of_module


def test_a_mapping_lives_in_a_shell(home: harness.Lamb) -> None:
    pattern = '{"body": {"kind": ["new"]}}'
    line = ("mapping", "create", "taker", "--queue", "orders", "--batch", "5", "--filter", pattern)
    uuid = home.run(*line).stdout.strip()
    shown = home.json("mapping", "show", uuid)
    assert (shown["State"], shown["EventSourceArn"], shown["BatchSize"]) == ("Enabled", QUEUE, 5)
    assert shown["FilterCriteria"] == {"Filters": [{"Pattern": pattern}]}
    assert home.run("mapping", "list", "taker").stdout == f"{uuid}\tsqs:orders\ttaker\tEnabled\t5\n"
    assert home.run("_complete", "mappings", uuid[:4]).stdout == f"{uuid}\n"
    # Each command waits until its change has settled: the next one meets nothing in transition.
    assert home.json("mapping", "update", uuid, "--disable", "--no-filter")["State"] == "Disabled"
    assert "FilterCriteria" not in home.json("mapping", "update", uuid, "--enable")
    again = home.run("mapping", "create", "taker", "--queue", "orders", check=False)
    assert (again.returncode, f"existing mapping with UUID {uuid}" in again.stderr) == (4, True)
    home.run("mapping", "delete", uuid, "--yes")
    assert home.run("mapping", "show", uuid, check=False).returncode == 3
    assert home.json("mapping", "list") == {"EventSourceMappings": []}


def test_a_mapping_that_was_on_its_way_when_the_daemon_was_killed_gets_there(home: harness.Lamb) -> None:
    uuid = home.run("mapping", "create", "taker", "--queue", "orders", "--no-wait").stdout.strip()
    home.kill_daemon()
    # The next daemon takes it up where it was.
    while home.json("mapping", "show", uuid)["State"] == "Creating":
        pass
    assert home.json("mapping", "show", uuid)["State"] == "Enabled"
    home.run("mapping", "delete", uuid, "--yes")


def test_a_wrong_source_says_what_would_be_right(home: harness.Lamb) -> None:
    wrong = home.run("mapping", "create", "taker", "--source", f"{QUEUE}-and-gone", check=False)
    assert wrong.returncode == 2
    assert "The specified queue does not exist." in wrong.stderr
    assert "hint: `lamb queue create` makes one here" in wrong.stderr
