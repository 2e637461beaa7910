"""Counters through the real program: what ran is counted, shown, scraped, and outlives the daemon."""

from __future__ import annotations

import base64
import http.client
import signal
import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

FATES = """
import time

def handler(event, context):
    if event.get("fate") == "raise":
        raise ValueError("no")
    if event.get("fate") == "wait":
        time.sleep(60)
    return event
"""


def values(lamb, *arguments: str) -> dict[str, str]:
    """What `lamb stats` prints into a pipe."""
    return dict(line.split("\t") for line in lamb.run("stats", *arguments).stdout.splitlines())


def scraped(lamb, served=None) -> dict[tuple[str, ...], float]:
    """Name and labels → value, from the daemon's socket or a port."""
    if served is not None:
        password = f"{served.key['AccessKeyId']}:{served.key['SecretAccessKey']}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(password).decode()}"}
        asked = urllib.request.Request(f"{served.url}/_lamb/metrics", headers=headers)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            text = answer.read().decode()
    else:
        connection = http.client.HTTPConnection("lamb", timeout=10)
        with lamb.socket() as name:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(name)
            connection.request("GET", "/_lamb/metrics")
            text = connection.getresponse().read().decode()
        connection.close()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def fates(lamb):
    lamb.write("fates.py", FATES)
    lamb.run("create", "fates", "--file", "fates.py", "--runtime", lamb.runtime, "--timeout", "1")
    return lamb


def test_what_ran_is_counted_and_outlives_the_daemon(fates):
    version = fates.run("publish", "fates").stdout.strip()
    fates.run("alias", "create", "fates", "prod", "--version", version)
    for _ in range(3):
        fates.run("invoke", "fates")
    for _ in range(2):
        fates.run("invoke", "fates:prod", "-e", '{"fate": "raise"}', check=False)
    fates.run("invoke", "fates", "-e", '{"fate": "wait"}', check=False)
    fates.run("invoke", "nothing", check=False)

    before = fates.json("stats", "fates")
    assert before["Verdicts"] == {"success": 3, "error": 2, "timeout": 1}
    assert (before["Invocations"], before["Errors"], before["Throttles"]) == (6, 3, 0)
    assert before["InitDuration"]["SampleCount"] == 2
    assert before["Duration"]["Maximum"] > 900
    assert before["ConcurrentExecutions"] == 1
    assert sum(point["Invocations"] for point in before["Datapoints"]) == 6

    fates.stop_daemon()
    after = fates.json("stats", "fates")
    for member in ("Invocations", "Errors", "Verdicts", "Duration", "InitDuration", "Resources"):
        assert after[member] == before[member]
    fates.run("invoke", "fates")
    assert values(fates, "fates", "--since", "10m")["invocations"] == "7"
    prod = fates.json("stats", "fates:prod")
    assert (prod["Invocations"], prod["Errors"], prod["ErrorRate"]) == (2, 2, 1.0)
    assert [row.split("\t")[:3] for row in fates.run("stats").stdout.splitlines()] == [["fates", "7", "3"]]


def test_prometheus_scrapes_the_socket_and_the_port_and_counters_only_grow(fates):
    alone = ("lamb_invocations_total", "$LATEST", "", "fates")
    which = (alone[0], *sorted(alone[1:]))
    fates.run("invoke", "fates")
    assert scraped(fates)[which] == 1
    fates.stop_daemon()
    with fates.serving() as served:
        assert scraped(fates, served)[which] == 1
        fates.run("invoke", "fates")
        found = scraped(fates, served)
        assert found[which] == 2
        assert found["lamb_environments",] == 1


def test_a_full_house_is_counted_as_throttles(new_lamb):
    lamb = new_lamb(LAMB_MAX_ENVIRONMENTS="1")
    lamb.write("fates.py", FATES)
    lamb.run("create", "fates", "--file", "fates.py", "--runtime", lamb.runtime, "--timeout", "10")
    waiting = lamb.start("invoke", "fates", "--log", "-e", '{"fate": "wait"}')
    next(line for line in iter(waiting.stderr.readline, "") if line.startswith("START "))
    assert lamb.run("invoke", "fates", check=False).returncode == 14
    told = lamb.json("stats", "fates")
    assert (told["Throttles"], told["Invocations"], told["Errors"]) == (1, 0, 0)
    assert told["ConcurrentExecutions"] == 1
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=20)
