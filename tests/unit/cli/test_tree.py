"""Every command: JSON, help with examples first, and no way around either."""

from __future__ import annotations

import functools
import json

import pytest
from unit.cli.memory_events import DEAD, QUEUED

from lamb.cli.app import root
from lamb.cli.completions import nodes
from lamb.cli.session import Session

# One line that every command can carry out here; those that never come back are started by integration tests.
LINES = {
    "alias create": "alias create hello dev --version 1",
    "alias delete": "alias delete hello prod --yes",
    "alias get": "alias get hello prod",
    "alias list": "alias list hello",
    "alias update": "alias update hello prod --version 2",
    "async": "async hello --retries 1",
    "clock": "clock +6h",
    "completion": "completion bash",
    "concurrency": "concurrency hello",
    "config get": "config get region",
    "config list": "config list --origin",
    "configure": "configure hello --memory 256",
    "create": "create new --file hello.py",
    "daemon logs": "daemon logs",
    "daemon status": "daemon status",
    "daemon stop": "daemon stop",
    "delete": "delete hello --yes",
    "doctor": "doctor",
    "env list": "env list shop",
    "env set": "env set shop A_KEY=1",
    "env unset": "env unset shop STAGE",
    "events cancel": f"events cancel {QUEUED}",
    "events list": "events list hello",
    "events replay": f"events replay {DEAD} --on 1",
    "events show": f"events show {DEAD}",
    "help": "help exit-codes",
    "invoke": "invoke hello",
    "key rotate": "key rotate",
    "key show": "key show",
    "keys create": "keys create",
    "keys delete": "keys delete AKIAIOSFODNN7EXAMPLE --yes",
    "keys list": "keys list",
    "list": "list",
    "logs": "logs hello",
    "layer delete": "layer delete tools:1 --yes",
    "layer download": "layer download tools",
    "layer list": "layer list",
    "layer publish": "layer publish tools --file hello.py",
    "layer show": "layer show tools",
    "layer versions": "layer versions tools",
    "mapping create": "mapping create hello --queue orders",
    "mapping delete": "mapping delete 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1 --yes",
    "mapping list": "mapping list",
    "mapping show": "mapping show 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1",
    "mapping update": "mapping update 0d3a52f0-9c7e-4c1b-8c55-7f3a2c81a7b1 --disable",
    "package build": "package build hello.py",
    "package check": "package check hello.py",
    "permission add": "permission add hello --principal 111122223333",
    "permission list": "permission list hello",
    "permission remove": "permission remove hello s3",
    "publish": "publish hello",
    "queue create": "queue create new",
    "queue delete": "queue delete orders --yes",
    "queue list": "queue list",
    "queue peek": "queue peek orders",
    "queue purge": "queue purge orders --yes",
    "queue receive": "queue receive orders",
    "queue redrive": "queue redrive failed",
    "queue send": "queue send orders hello",
    "queue show": "queue show orders",
    "role allow": "role allow sender sns:Publish",
    "role create": "role create other --allow sns:Publish",
    "role delete": "role delete sender --yes",
    "role list": "role list",
    "role show": "role show sender",
    "rollback": "rollback hello prod",
    "runtimes": "runtimes",
    "show": "show hello",
    "stats": "stats hello",
    "topic create": "topic create news",
    "topic delete": "topic delete alarms --yes",
    "topic list": "topic list",
    "topic publish": "topic publish alarms text",
    "topic show": "topic show alarms",
    "topic subscribe": "topic subscribe alarms --queue orders",
    "topic subscriptions": "topic subscriptions",
    "topic unsubscribe": "topic unsubscribe alarms --queue inbox",
    "url create": "url create hello",
    "url delete": "url delete shop",
    "url show": "url show shop",
    "update": "update hello --file hello.py",
    "versions": "versions hello",
    "wait events": "wait events hello --empty",
}
GROUPS = (
    "alias", "env", "key", "keys", "package", "config", "daemon", "events", "layer", "mapping", "role",
    "topic", "wait",
)  # fmt: skip
ENDLESS = ("serve", "daemon run")


@functools.cache
def leaves():
    with root().make_context("lamb", ["help"], obj=Session()) as context:
        return [node for node in nodes(context) if not node.commands]


def test_every_command_has_a_line_here():
    assert {node.path for node in leaves()} == {*LINES, *ENDLESS}


@pytest.mark.parametrize("path", LINES)
def test_with_json_stdout_is_json_and_nothing_else(lamb_line, hello, path: str):
    assert lamb_line(*LINES[path].split(), "--json") in {0, 3}, lamb_line.err
    lines = lamb_line.out.splitlines() if path == "logs" else [lamb_line.out]
    assert all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.parametrize("path", [*LINES, *ENDLESS, "", *GROUPS])
def test_help_begins_with_what_it_does_and_examples(lamb_line, capsys, path: str):
    assert lamb_line(*path.split(), "--help") == 0
    about, empty, heading, example, *rest = capsys.readouterr().out.splitlines()
    assert about
    assert not about.endswith(".")
    assert (empty, heading) == ("", "Examples:")
    assert example.startswith("  lamb " if not path else f"  lamb {path}")
    assert any(line.startswith("Usage: ") for line in rest)
    assert "--json" in "\n".join(rest)


@functools.cache
def known_options():
    """Of each command, by its path."""
    with root().make_context("lamb", ["help"], obj=Session()) as context:
        return {n.path: {name for o in n.options for name in o.names} for n in nodes(context)}


@pytest.mark.parametrize("node", leaves(), ids=lambda node: node.path)
def test_every_example_is_understood(lamb_line, node):
    """What help shows can be typed: each example names options that exist."""
    known = known_options()
    with root().make_context("lamb", ["help"], obj=Session()) as context:
        command = context.command
        for word in node.path.split():
            command = command.get_command(context, word)
    for line in (command.help or "").splitlines():
        if not line.strip().startswith("lamb "):
            continue
        for part in line.strip().partition("  #")[0].replace("$(", "\n").replace("|", "\n").splitlines():
            words = part.split()
            if words[:1] == ["lamb"]:
                path = max((p for p in known if f"{' '.join(words[1:])} ".startswith(f"{p} ")), key=len)
                options = {w.partition("=")[0] for w in words if w.startswith("-") and w != "-"}
                assert options <= known[path], line


@pytest.mark.parametrize("group", [group for group in GROUPS if group != "env"])
def test_a_noun_alone_prints_its_help(lamb_line, capsys, group: str):
    assert lamb_line(group) == 0
    assert "Commands:" in capsys.readouterr().out


def test_a_command_nobody_knows_is_refused_with_the_near_one(lamb_line):
    assert lamb_line("creat", "x") == 2
    assert lamb_line.err == "lamb: `lamb` has no command `creat`\nhint: did you mean `create`?\n"
    assert lamb_line("alias", "lst") == 2
    assert "did you mean `list`?" in lamb_line.err


def test_an_option_nobody_knows_is_refused_with_the_near_one(lamb_line):
    assert lamb_line("invoke", "hello", "--evnt", "{}") == 2
    assert lamb_line.err == "lamb: No such option: --evnt\nhint: did you mean `--event`?\n"
    assert lamb_line.out == ""


def test_a_missing_argument_leads_to_examples(lamb_line):
    assert lamb_line("invoke") == 2
    assert "hint: `lamb invoke --help` shows examples" in lamb_line.err


def test_shared_options_stand_anywhere_on_the_line(lamb_line):
    assert lamb_line("--json", "show", "hello") == 0
    assert json.loads(lamb_line.out)["Configuration"]["FunctionName"] == "hello"


def test_help_of_a_command_is_also_a_topic(lamb_line):
    assert lamb_line("help", "alias", "create") == 0
    assert lamb_line.out.startswith("Name a version")
    assert lamb_line("help", "alias", "creat") == 2


def test_the_exit_codes_can_be_asked_for(lamb_line):
    assert lamb_line("help", "exit-codes") == 0
    codes = [int(line.partition("\t")[0]) for line in lamb_line.out.splitlines()]
    assert codes == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 124, 130]
