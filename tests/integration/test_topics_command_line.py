"""`lamb topic …` through the real program and a real daemon."""

from __future__ import annotations

import json

import harness
import pytest

HERE = "arn:aws:sns:us-east-1:123456789012:"
RECORDER = "import json\ndef handler(event, context):\n    print('got ' + json.dumps(event))\n"


@pytest.fixture(scope="module")
def recorder(lamb_of_module: harness.Lamb) -> str:
    """A function that logs what it gets."""
    lamb = lamb_of_module
    lamb.write("recorder.py", RECORDER)
    lamb.run("create", "recorder", "--file", "recorder.py", "--runtime", lamb.runtime)
    return "recorder"


def got(lamb: harness.Lamb, function: str) -> list[dict[str, str]]:
    """The notifications that a function has logged, once it has had them all."""
    lamb.run("wait", "events", function, "--empty")
    lines = lamb.run("logs", function).stdout.splitlines()
    events = [json.loads(line.partition("got ")[2]) for line in lines if "got {" in line]
    return [event["Records"][0]["Sns"] for event in events]


def test_what_is_published_in_a_shell_arrives_in_a_function(
    lamb_of_module: harness.Lamb, recorder: str
) -> None:
    lamb = lamb_of_module
    assert lamb.run("topic", "create", "alarms").stdout == f"{HERE}alarms\n"
    policy = '{"severity": ["high"]}'
    line = ("topic", "subscribe", "alarms", "--function", recorder, "--filter", policy)
    arn = lamb.run(*line).stdout.strip()
    assert arn.startswith(f"{HERE}alarms:")
    lamb.run("topic", "publish", "alarms", "kept back")
    published = ("topic", "publish", "alarms", "--subject", "disk", "-a", "severity=high")
    message_id = lamb.run(*published, stdin="50 % of 100 & more\nä\n").stdout.strip()
    (notification,) = got(lamb, recorder)
    assert notification["MessageId"] == message_id
    assert (notification["Subject"], notification["Message"]) == ("disk", "50 % of 100 & more\nä")
    (listed,) = lamb.json("topic", "subscriptions", "alarms")["Subscriptions"]
    assert listed["SubscriptionArn"] == arn
    lamb.run("topic", "unsubscribe", "alarms", "--function", recorder)
    assert lamb.json("topic", "subscriptions", "alarms") == {"Subscriptions": []}
    assert lamb.json("topic", "show", "alarms")["Attributes"]["SubscriptionsDeleted"] == "1"
    lamb.run("topic", "delete", "alarms", "--yes")
    assert "alarms" not in lamb.run("topic", "list", "-q").stdout.split()


def test_a_queue_gets_the_bare_message_and_only_what_its_filter_lets_through(
    lamb_of_module: harness.Lamb,
) -> None:
    lamb = lamb_of_module
    lamb.run("queue", "create", "inbox")
    lamb.run("topic", "create", "readings")
    policy = '{"disk.free": [{"numeric": ["<", 5]}]}'
    line = ("topic", "subscribe", "readings", "--queue", "inbox", "--raw", "--filter-body")
    lamb.run(*line, "--filter", policy)
    for free in (50, 3):
        lamb.run("topic", "publish", "readings", f'{{"disk": {{"free": {free}}}}}')
    assert lamb.run("queue", "receive", "inbox", "--max", "10").stdout == '{"disk": {"free": 3}}\n'


def test_a_fifo_topic_answers_a_duplicate_like_the_first(lamb_of_module: harness.Lamb) -> None:
    lamb = lamb_of_module
    lamb.run("topic", "create", "orders.fifo", "--set", "ContentBasedDeduplication=true")
    first, second = (lamb.json("topic", "publish", "orders.fifo", "one", "--group", "g") for _ in range(2))
    assert first == second
    assert len(first["SequenceNumber"]) == 20


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("topic create a:b", 2, "lamb: Invalid parameter: Topic Name"),
        ("topic show nobody", 3, "lamb: There is no topic `nobody`"),
        ("topic publish nobody text", 3, "lamb: There is no topic `nobody`"),
        ("topic publish errors.fifo text", 2, "lamb: Invalid parameter: The MessageGroupId parameter is"),
        (
            "topic subscribe errors.fifo --queue arn:aws:sqs:us-east-1:123456789012:q --filter {",
            2,
            "lamb: Invalid parameter: Attributes Reason: ",
        ),
        ("topic unsubscribe arn:aws:sns:us-east-1:123456789012:t:id", 3, "lamb: Subscription does not exist"),
        ("topic create errors.fifo", 4, "lamb: Topic errors.fifo exists already"),
    ],
)
def test_a_refusal_has_the_exit_code_of_its_kind(
    lamb_of_module: harness.Lamb, line: str, code: int, error: str
) -> None:
    lamb_of_module.run("topic", "create", "errors.fifo", "--if-not-exists")
    done = lamb_of_module.run(*line.split(), check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(error)


def test_a_shell_completes_the_names_of_topics(lamb_of_module: harness.Lamb) -> None:
    for name in ("complete-a", "complete-b"):
        lamb_of_module.run("topic", "create", name)
    completed = lamb_of_module.run("_complete", "topics", "complete-").stdout
    assert completed == "complete-a\ncomplete-b\n"


def test_a_topic_outlives_the_daemon(new_lamb) -> None:
    lamb = new_lamb()
    lamb.run("topic", "create", "kept")
    lamb.kill_daemon()
    assert lamb.run("topic", "list", "-q").stdout == "kept\n"
