"""Many who send events at once, and what must have become of each event in the end."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import uuid
import zipfile
from collections import Counter
from typing import Any

import harness

from faults.ledger import SIGNING, Ledger
from faults.talk import FUNCTIONS, Lost, Talk

HERE = "arn:aws:{}:us-east-1:123456789012:{}"
RUNS = {"works": 1, "works:live": 1, "fails": 2}
"""As sent to → how often an event of it runs where nothing else goes wrong."""
FUNCTIONS_SENT_TO = ("works", "fails")
LETTERS = (("done", "works:live"), ("failed", "fails"), ("dead", "fails"))
"""Queues, and whose ends they tell of: a destination of successes, one of failures, a dead-letter queue."""
KEPT = 10_000
"""Events that succeeded are forgotten when as many have come after them."""
GONE_WITHIN_S = 120
SENDERS = (["works"], ["works", "works:live"], ["works", "fails"], ["works:live", "fails"])
"""What each of them sends to, in turn."""
AHEAD = 4000
"""Events that wait, beyond which senders wait, too: a backlog that only grows takes longer than its kills."""


def furnish(talk: Talk, ledger: Ledger) -> None:
    """Functions that sign the ledger, with everything that an event's end can lead to."""
    for queue, _ in LETTERS:
        sqs(talk, "CreateQueue", QueueName=queue)
    dead = {"DeadLetterConfig": {"TargetArn": HERE.format("sqs", "dead")}}
    create(talk, "works", ledger, {})
    talk.publish("works")
    talk.json("POST", f"{FUNCTIONS}/works/aliases", {"Name": "live", "FunctionVersion": "1"})
    create(talk, "fails", ledger, {"FAILS": "yes"}, dead)
    _configure(talk, "works", "live", OnSuccess="done")
    _configure(talk, "fails", "$LATEST", OnFailure="failed", retries=RUNS["fails"] - 1)


def create(
    talk: Talk, name: str, ledger: Ledger, variables: dict[str, str], more: dict[str, Any] | None = None
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("signing.py", (2026, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, SIGNING)
    body = {
        "FunctionName": name,
        "Runtime": talk.lamb.runtime,
        "Handler": "signing.handler",
        "Role": "arn:aws:iam::123456789012:role/r",
        "Timeout": 60,
        "Code": {"ZipFile": base64.b64encode(buffer.getvalue()).decode()},
        "Environment": {"Variables": {"BOOK": str(ledger.port), **variables}},
        **(more or {}),
    }
    talk.json("POST", FUNCTIONS, body)
    talk.settle(name)


def send(talk: Talk, name: str, event: Any = None, request_id: str | None = None) -> str:
    """The request id of an event that was accepted. Raises Refused and Lost."""
    function, _, qualifier = name.partition(":")
    path = f"{FUNCTIONS}/{function}/invocations" + (f"?Qualifier={qualifier}" if qualifier else "")
    chosen = request_id or str(uuid.uuid4())
    headers = {"x-amz-invocation-type": "Event", "x-lamb-request-id": chosen}
    answered, _ = talk.ask("POST", path, event, headers)
    assert answered["x-amzn-requestid"] == chosen
    return chosen


def wait_empty(talk: Talk, name: str, ledger: Ledger | None = None) -> None:
    """Until every event of the function is over; with a ledger, for as long as anything runs."""
    until, runs = time.monotonic() + GONE_WITHIN_S, 0
    while not talk.json("GET", f"/_lamb/functions/{name}/events/empty?timeout_ms=30000")["Empty"]:
        if ledger is not None and len(ledger.order) > runs:
            until, runs = time.monotonic() + GONE_WITHIN_S, len(ledger.order)
        assert time.monotonic() < until, f"{name} still has events"


def events(talk: Talk, state: str) -> dict[str, dict[str, Any]]:
    """Every event in a state, by its request id."""
    found: dict[str, dict[str, Any]] = {}
    marker = ""
    while marker is not None:
        page = talk.json("GET", f"/_lamb/events?state={state}" + (f"&Marker={marker}" if marker else ""))
        for event in page["Events"]:
            assert event["RequestId"] not in found, "an event is there twice"
            found[event["RequestId"]] = event
        marker = page.get("NextMarker")
    return found


def sqs(talk: Talk, operation: str, **members: Any) -> dict[str, Any]:
    headers = {"x-amz-target": f"AmazonSQS.{operation}", "content-type": "application/x-amz-json-1.0"}
    document: dict[str, Any] = json.loads(talk.ask("POST", "/", members, headers)[1] or b"{}")
    return document


def messages(talk: Talk, queue: str) -> list[dict[str, Any]]:
    """Every message of a queue; they are gone from it then."""
    found: list[dict[str, Any]] = []
    wanted = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    while received := sqs(talk, "ReceiveMessage", **wanted).get("Messages"):
        found += received
        entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(received)]
        sqs(talk, "DeleteMessageBatch", QueueUrl=queue, Entries=entries)
    return found


def _configure(
    talk: Talk, name: str, qualifier: str, retries: int | None = None, **destinations: str
) -> None:
    to = {kind: {"Destination": HERE.format("sqs", queue)} for kind, queue in destinations.items()}
    body = {"DestinationConfig": to, **({} if retries is None else {"MaximumRetryAttempts": retries})}
    talk.json("PUT", f"/2019-09-25/functions/{name}/event-invoke-config?Qualifier={qualifier}", body)


class Sender:
    """Sends events, one after the other, to whatever daemon there is; one of `SENDERS`."""

    def __init__(self, lamb: harness.Lamb, names: list[str], up: threading.Event, ledger: Ledger) -> None:
        """`up`: set while a daemon is known to answer."""
        self.talk = Talk(lamb)
        self.names = names
        self.accepted: dict[str, str] = {}
        """Request id → as sent to, for every answer of 202."""
        self.unanswered: dict[str, str] = {}
        """The same for those that nobody has answered: they may have been taken, or not."""
        self._up = up
        self._ledger = ledger

    def work(self, over: threading.Event) -> None:
        sent = 0
        while not over.is_set():
            while len(SENDERS) * len(self.accepted) > len(self._ledger.order) + AHEAD and not over.wait(0.01):
                pass
            name, request_id = self.names[sent % len(self.names)], str(uuid.uuid4())
            sent += 1
            try:
                send(self.talk, name, {"n": sent}, request_id)
            except Lost:
                self.unanswered[request_id] = name
                self._up.wait(GONE_WITHIN_S)
            else:
                self.accepted[request_id] = name


def judge(talk: Talk, ledger: Ledger, accepted: dict[str, str], unanswered: dict[str, str]) -> Counter[str]:
    """Every accepted event has come to its end, and to one end. Some figures."""
    known = {**accepted, **unanswered}
    assert not events(talk, "queued")
    assert not events(talk, "cancelled")
    ran = {name: {r for r in ledger.runs if known[r] == name} for name in RUNS}
    lost = [request_id for request_id, name in accepted.items() if request_id not in ran[name]]
    assert lost == []
    assert [r for r, runs in ledger.runs.items() if runs < RUNS[known[r]]] == []
    assert events(talk, "failed").keys() == ran["fails"]
    succeeded = events(talk, "succeeded").keys()
    assert succeeded <= ran["works"] | ran["works:live"]
    assert len(succeeded) == len(ran["works"] | ran["works:live"]) or len(ledger.runs) > KEPT
    for queue, name in LETTERS:
        told = Counter(_event_of(message) for message in messages(talk, queue))
        assert told == Counter(ran[name]), (queue, told - Counter(ran[name]), Counter(ran[name]) - told)
    taken = sum(request_id in ledger.runs for request_id in unanswered)
    duplicates = sum(runs - RUNS[known[request_id]] for request_id, runs in ledger.runs.items())
    figures = {"accepted": len(accepted), "unanswered": len(unanswered), "of those taken": taken}
    return Counter({**figures, "duplicates": duplicates})


def _event_of(message: dict[str, Any]) -> str:
    """The request id that a dead letter or a record tells of."""
    attributes = message.get("MessageAttributes")
    if attributes:
        assert attributes["ErrorMessage"]["StringValue"] == "signed, and failed"
        request_id: str = attributes["RequestID"]["StringValue"]
        return request_id
    context = json.loads(message["Body"])["requestContext"]
    return str(context["requestId"])
