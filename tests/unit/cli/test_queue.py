"""lamb queue …"""

from __future__ import annotations

import io
import json

import pytest
from unit.cli.memory_queues import ARN, SENT


def test_a_queue_is_made_and_its_arn_printed(lamb_line, client):
    assert lamb_line("queue", "create", "new.fifo", "--visibility", "5", "--by-content", "-v") == 0
    assert (lamb_line.out, lamb_line.err) == (f"{ARN}new.fifo\n", "✓ made the queue new.fifo\n")
    attributes = {"VisibilityTimeout": "5", "ContentBasedDeduplication": "true", "FifoQueue": "true"}
    assert client.said == [("create", "new.fifo", attributes)]


def test_a_queue_is_made_with_another_for_its_dead_letters(lamb_line, client):
    assert lamb_line("queue", "create", "new", "--dead-letters", "failed", "--max-receives", "5") == 0
    policy = json.loads(client.said[0][2]["RedrivePolicy"])
    assert policy == {"deadLetterTargetArn": f"{ARN}failed", "maxReceiveCount": 5}
    assert lamb_line("queue", "create", "other", "--dead-letters", "nowhere") == 3


def test_a_queue_that_is_there_is_a_conflict_unless_it_may_be(lamb_line, client):
    assert lamb_line("queue", "create", "orders") == 4
    assert "hint: `--if-not-exists`" in lamb_line.err
    assert lamb_line("queue", "create", "orders", "--if-not-exists") == 0
    assert (lamb_line.out, client.said) == (f"{ARN}orders\n", [])


def test_queues_are_listed_with_their_messages(lamb_line):
    assert lamb_line("queue", "list") == 0
    assert lamb_line.out == "orders\t2\t0\t0\tfailed after 3\nfailed\t2\t0\t0\t\n"
    lamb_line("queue", "list", "-q")
    assert lamb_line.out == "orders\nfailed\n"


def test_a_queue_is_shown_with_its_attributes(lamb_line):
    assert lamb_line("queue", "show", "failed") == 0
    assert lamb_line.out.splitlines()[0] == "name\tfailed"
    assert f"QueueArn\t{ARN}failed\n" in lamb_line.out


def test_a_message_is_sent_from_the_line_a_file_or_stdin(lamb_line, client, tmp_path):
    line = ("queue", "send", "orders", "hello", "-a", "kind=new", "--delay", "3", "--group", "g")
    assert lamb_line(*line) == 0
    assert lamb_line.out == f"{SENT}\n"
    attributes = {"kind": {"DataType": "String", "StringValue": "new"}}
    assert client.said[-1][2] == {
        "MessageBody": "hello",
        "MessageAttributes": attributes,
        "DelaySeconds": 3,
        "MessageGroupId": "g",
    }
    (tmp_path / "body.txt").write_text("grün\n")
    lamb_line("queue", "send", "orders", "@body.txt")
    assert client.said[-1][2] == {"MessageBody": "grün\n"}
    lamb_line.stdin = io.StringIO('{"id": 7}\n')
    lamb_line("queue", "send", "orders", "-", "--dedup", "d")
    assert client.said[-1][2] == {"MessageBody": '{"id": 7}', "MessageDeduplicationId": "d"}


@pytest.mark.parametrize("arguments", [("x", "-a", "kind"), ("x", "-a", "=v"), ("@nothing",)])
def test_what_cannot_be_sent_is_a_matter_of_usage(lamb_line, client, arguments):
    assert lamb_line("queue", "send", "orders", *arguments) == 2
    assert client.said == []


def test_received_messages_are_deleted_when_they_have_been_printed(lamb_line, client):
    assert lamb_line("queue", "receive", "orders", "--max", "30") == 0
    assert lamb_line.out == "one\ntwo\n"
    assert client.said == [("delete_messages", "orders", ["one", "two"])]


def test_received_messages_are_kept_if_so_wished(lamb_line, client):
    assert lamb_line("queue", "receive", "orders", "--keep", "--json") == 0
    assert [message["Body"] for message in json.loads(lamb_line.out)["Messages"]] == ["one"]
    assert client.said == []


def test_a_wait_without_messages_has_an_exit_code_of_its_own(lamb_line, client):
    client.queues.held["orders"].clear()
    assert lamb_line("queue", "receive", "orders") == 0
    assert lamb_line("queue", "receive", "orders", "--wait", "45") == 124
    assert client.queues.waits == [0, 20, 20, 5]


def test_peeking_prints_bodies_and_takes_nothing(lamb_line, client):
    assert lamb_line("queue", "peek", "orders", "-n", "1") == 0
    assert (lamb_line.out, client.said) == ("one\n", [])
    assert client.queues.held["orders"] == ["one", "two"]


def test_what_is_destroyed_is_said_before(lamb_line, client):
    assert lamb_line("queue", "purge", "orders") == 4
    assert "This would delete 2 messages of orders" in lamb_line.err
    assert lamb_line("queue", "delete", "orders") == 4
    assert "the queue orders and 2 messages" in lamb_line.err
    assert client.said == []
    assert lamb_line("queue", "purge", "orders", "--yes") == 0
    assert lamb_line.on_terminal("queue", "delete", "orders", answers="y\n") == 0
    assert client.said == [("purge", "orders"), ("delete", "orders")]


def test_a_queue_that_is_not_there_may_be_ignored_when_it_is_deleted(lamb_line):
    assert lamb_line("queue", "delete", "nothing", "--yes") == 3
    assert lamb_line("queue", "delete", "nothing", "--yes", "--ignore-not-found") == 0


def test_dead_letters_are_moved_back_or_elsewhere(lamb_line, client):
    assert lamb_line("queue", "redrive", "failed", "-v") == 0
    assert (lamb_line.out, lamb_line.err) == ("handle\n", "✓ moving 2 messages of failed\n")
    lamb_line("queue", "redrive", "failed", "--to", "orders", "--rate", "5")
    assert client.said == [
        ("redrive", f"{ARN}failed", None, None),
        ("redrive", f"{ARN}failed", f"{ARN}orders", 5),
    ]
    assert lamb_line("queue", "redrive", "failed", "--to", "order") == 3
    assert "There is no queue `order`" in lamb_line.err


@pytest.mark.parametrize("command", ["show", "receive", "peek", "purge", "redrive", "delete"])
def test_a_name_that_is_nearly_right_is_set_right(lamb_line, command):
    assert lamb_line("queue", command, "odrers") == 3
    assert lamb_line.err == "lamb: There is no queue `odrers`\nhint: did you mean `orders`?\n"
