"""lamb topic …: what is asked of the daemon, and what is printed."""

from __future__ import annotations

import io

import pytest
from unit.cli.memory_topics import HERE, INBOX, SUBSCRIPTION

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"


def test_a_topic_is_created_and_its_arn_printed(lamb_line, client):
    assert lamb_line("topic", "create", "news", "--set", "DisplayName=a=b", "-v") == 0
    assert (lamb_line.out, lamb_line.err) == (f"{HERE}news\n", "✓ created the topic news\n")
    assert client.said == [("create", "news", {"DisplayName": "a=b"})]


def test_a_name_that_ends_in_fifo_makes_a_fifo_topic(lamb_line, client):
    assert lamb_line("topic", "create", "orders.fifo") == 0
    assert client.said == [("create", "orders.fifo", {"FifoTopic": "true"})]


def test_a_topic_that_is_there_is_a_conflict_unless_that_is_fine(lamb_line, client):
    assert lamb_line("topic", "create", "alarms") == 4
    assert "`--if-not-exists` leaves it as it is" in lamb_line.err
    assert client.said == []
    assert lamb_line("topic", "create", "alarms", "--if-not-exists") == 0
    assert lamb_line.out == f"{HERE}alarms\n"


def test_what_sns_refuses_is_said_in_its_words_with_the_exit_code_of_usage(lamb_line):
    assert lamb_line("topic", "create", "a!") == 2
    assert lamb_line.err == "lamb: Invalid parameter: Topic Name\n"


@pytest.mark.parametrize("pair", ["x", "=x", ""])
def test_an_attribute_without_a_name_or_a_value_is_refused(lamb_line, client, pair):
    assert lamb_line("topic", "create", "news", "--set", pair) == 2
    assert lamb_line("topic", "publish", "alarms", "m", "-a", pair) == 2
    assert client.said == []


def test_topics_are_listed_by_name(lamb_line):
    lamb_line("topic", "list")
    assert lamb_line.out == f"alarms\t{HERE}alarms\n"
    lamb_line("topic", "list", "-q")
    assert lamb_line.out == "alarms\n"


def test_a_home_without_topics_names_the_command_that_makes_one(lamb_line, client):
    client.topics.arns.clear()
    assert lamb_line.on_terminal("topic", "list") == 0
    assert "no topics yet" in lamb_line.err
    assert "lamb topic create" in lamb_line.err


def test_a_topic_is_shown_with_its_tags(lamb_line):
    assert lamb_line("topic", "show", "alarms") == 0
    assert f"TopicArn\t{HERE}alarms\n" in lamb_line.out
    assert "tag team\talarms\n" in lamb_line.out


@pytest.mark.parametrize(
    "line",
    [
        "topic show alarm",
        "topic publish alarm text",
        "topic subscribe alarm --queue orders",
        "topic subscriptions alarm",
        "topic delete alarm --yes",
        "topic unsubscribe alarm --queue inbox",
    ],
)
def test_a_topic_that_is_not_there_is_named_with_the_near_one(lamb_line, line):
    assert lamb_line(*line.split()) == 3
    assert lamb_line.err == "lamb: There is no topic `alarm`\nhint: did you mean `alarms`?\n"


# ------------------------------------------------------------------ publish


def test_a_message_is_published_with_all_that_was_said_of_it(lamb_line, client):
    line = ["publish", f"{HERE}alarms", "disk full", "--subject", "warning", "-a", "severity=high"]
    assert lamb_line("topic", *line, "--group", "g", "--dedup", "d", "--per-protocol", "-v") == 0
    assert (lamb_line.out, lamb_line.err) == ("m-1\n", "✓ published to alarms\n")
    further = {
        "Subject": "warning",
        "MessageGroupId": "g",
        "MessageDeduplicationId": "d",
        "MessageStructure": "json",
    }
    wanted = ("publish", f"{HERE}alarms", "disk full", {"severity": "high"}, further)
    assert client.said == [wanted]


def test_a_message_comes_from_stdin_or_a_file(lamb_line, client, tmp_path):
    (tmp_path / "report.json").write_text('{"ä": 1}\n', encoding="utf-8")
    for given in ((), ("-",), ("@report.json",)):
        lamb_line.stdin = io.TextIOWrapper(io.BytesIO(b"piped\n"))
        assert lamb_line("topic", "publish", "alarms", *given) == 0
    assert [said[2] for said in client.said] == ["piped", "piped", '{"ä": 1}\n']


def test_a_file_that_cannot_be_read_is_named(lamb_line, tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert lamb_line("topic", "publish", "alarms", "@nothing") == 2
    assert "`nothing` cannot be read" in lamb_line.err
    assert lamb_line("topic", "publish", "alarms", "@binary") == 2
    assert "`binary` cannot be read: it is no text in UTF-8" in lamb_line.err


def test_on_a_terminal_nobody_waits_for_a_message(lamb_line, client):
    assert lamb_line.on_terminal("topic", "publish", "alarms") == 2
    assert "There is no message" in lamb_line.err
    assert client.said == []


# ------------------------------------------------------------------ subscriptions


def test_a_queue_subscribes_with_a_filter_in_raw(lamb_line, client):
    policy = '{"severity": ["high"]}'
    line = ["subscribe", "alarms", "--queue", "orders", "--filter", policy, "--filter-body", "--raw"]
    assert lamb_line("topic", *line, "--dead-letters", "failed", "-v") == 0
    assert lamb_line.out == f"{SUBSCRIPTION}\n"
    assert lamb_line.err == "✓ orders gets what is published to alarms\n"
    attributes = {
        "RawMessageDelivery": "true",
        "FilterPolicy": policy,
        "FilterPolicyScope": "MessageBody",
        "RedrivePolicy": '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:failed"}',
    }
    assert client.said == [
        ("subscribe", f"{HERE}alarms", "sqs", INBOX.replace("inbox", "orders"), attributes)
    ]


@pytest.mark.parametrize("function", ["hello:prod", f"{FUNCTION}hello:prod"])
def test_a_function_subscribes_with_its_alias(lamb_line, client, function):
    assert lamb_line("topic", "subscribe", "alarms", "--function", function) == 0
    permission = {
        "StatementId": "sns-alarms",
        "Action": "lambda:InvokeFunction",
        "Principal": "sns.amazonaws.com",
        "SourceArn": f"{HERE}alarms",
    }
    assert client.said == [
        ("subscribe", f"{HERE}alarms", "lambda", f"{FUNCTION}hello:prod", {}),
        ("permit", f"{FUNCTION}hello:prod", permission),
    ]


def test_a_function_that_is_not_there_cannot_subscribe(lamb_line, client):
    assert lamb_line("topic", "subscribe", "alarms", "--function", "helo") == 3
    assert "did you mean `hello`?" in lamb_line.err
    assert client.said == []


@pytest.mark.parametrize("flag", ["--queue", "--dead-letters"])
def test_a_queue_that_is_not_there_is_named_with_the_near_one(lamb_line, client, flag):
    line = ["--queue", INBOX, flag] if flag == "--dead-letters" else [flag]
    assert lamb_line("topic", "subscribe", "alarms", *line, "order") == 3
    assert lamb_line.err == "lamb: There is no queue `order`\nhint: did you mean `orders`?\n"
    assert client.said == []


@pytest.mark.parametrize("both", [(), ("--queue", "inbox", "--function", "hello")])
def test_a_subscriber_is_either_a_queue_or_a_function(lamb_line, both):
    assert lamb_line("topic", "subscribe", "alarms", *both) == 2
    assert lamb_line.err == "lamb: A subscriber is either --queue or --function\n"


def test_subscriptions_are_listed_with_their_filters(lamb_line):
    for topic in ((), ("alarms",)):
        lamb_line("topic", "subscriptions", *topic)
        wanted = ["alarms", "sqs raw", "inbox", '{"severity": ["high"]}', SUBSCRIPTION]
        assert lamb_line.out == "\t".join(wanted) + "\n"
    lamb_line("topic", "subscriptions", "-q")
    assert lamb_line.out == f"{SUBSCRIPTION}\n"


@pytest.mark.parametrize(
    "named", [("alarms", "--queue", "inbox"), ("alarms", "--queue", INBOX), (SUBSCRIPTION,)]
)
def test_a_subscription_is_ended_by_its_endpoint_or_its_arn(lamb_line, client, named):
    assert lamb_line("topic", "unsubscribe", *named) == 0
    assert client.said == [("unsubscribe", SUBSCRIPTION)]


@pytest.mark.parametrize("named", [("alarms", "--function", "hello"), (f"{HERE}alarms:another",)])
def test_a_subscription_that_is_not_there_is_said_unless_that_is_fine(lamb_line, client, named):
    assert lamb_line("topic", "unsubscribe", *named) == 3
    assert lamb_line("topic", "unsubscribe", *named, "--ignore-not-found") == 0
    assert client.said == []


def test_a_topic_alone_is_no_subscription(lamb_line):
    assert lamb_line("topic", "unsubscribe", "alarms") == 2
    assert "name its --queue or --function, too" in lamb_line.err


# ------------------------------------------------------------------ delete


def test_deleting_says_what_would_go_and_asks(lamb_line, client):
    assert lamb_line("topic", "delete", "alarms") == 4
    assert "This would delete the topic alarms and its 1 subscription" in lamb_line.err
    assert lamb_line("topic", "delete", "alarms", "--dry-run") == 0
    assert lamb_line.out == "the topic alarms and its 1 subscription\n"
    assert client.said == []
    assert lamb_line.on_terminal("topic", "delete", "alarms", answers="y\n") == 0
    assert lamb_line("topic", "delete", "alarms", "--yes") == 0
    assert client.said == [("delete", f"{HERE}alarms")] * 2


def test_deleting_a_topic_that_is_not_there_is_said_although_sns_is_silent(lamb_line, client):
    assert lamb_line("topic", "delete", "nobody", "--yes") == 3
    assert lamb_line("topic", "delete", "nobody", "--yes", "--ignore-not-found") == 0
    assert client.said == []
