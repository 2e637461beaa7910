"""lamb mapping …"""

from __future__ import annotations

import json

from unit.cli.memory_mappings import KAFKA, UUID

QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
PATTERN = '{"body": {"kind": ["new"]}}'


def test_a_queue_is_given_to_a_function_and_the_uuid_printed(lamb_line, client):
    assert lamb_line("mapping", "create", "hello:prod", "--queue", "orders", "-v") == 0
    assert (lamb_line.out, lamb_line.err) == (f"{UUID}\n", f"✓ {QUEUE} → hello:prod\n")
    body = {"FunctionName": "hello:prod", "EventSourceArn": QUEUE}
    assert client.said == [("create", body), ("settled", UUID)]


def test_every_option_of_create_is_a_member(lamb_line, client):
    line = ("mapping", "create", "hello", "--source", STREAM, "--from", "trim-horizon", "--batch", "5")
    more = ("--window", "1", "--filter", PATTERN, "--filter", "{}", "--partial", "--retries", "3")
    assert lamb_line(*line, *more, "--max-concurrency", "2", "--disabled", "--no-wait") == 0
    assert client.said == [
        (
            "create",
            {
                "FunctionName": "hello",
                "EventSourceArn": STREAM,
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": 5,
                "MaximumBatchingWindowInSeconds": 1,
                "FilterCriteria": {"Filters": [{"Pattern": PATTERN}, {"Pattern": "{}"}]},
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 2},
                "MaximumRetryAttempts": 3,
                "Enabled": False,
            },
        )
    ]


def test_one_source_has_to_be_named(lamb_line):
    assert lamb_line("mapping", "create", "hello") == 2
    assert "exactly one of --queue QUEUE and --source ARN" in lamb_line.err
    assert lamb_line("mapping", "create", "hello", "--queue", "orders", "--source", STREAM) == 2
    assert lamb_line("mapping", "create", "hello", "--queue", "nothing") == 3


def test_mappings_are_listed_with_what_is_between(lamb_line):
    assert lamb_line("mapping", "list") == 0
    assert lamb_line.out == (
        f"{UUID}\tsqs:orders\thello\tEnabled\t10\n{KAFKA}\tkafka:clicks\thello:prod\tDisabled\t10\n"
    )
    lamb_line("mapping", "list", "hello", "-q")
    assert lamb_line.out == f"{UUID}\n"


def test_a_mapping_is_shown(lamb_line):
    assert lamb_line("mapping", "show", UUID) == 0
    assert "State\tEnabled\n" in lamb_line.out
    assert lamb_line("mapping", "show", "nothing") == 3


def test_a_mapping_is_changed(lamb_line, client):
    assert (
        lamb_line("mapping", "update", UUID, "--disable", "--whole", "--no-filter", "--function", "shop") == 0
    )
    assert client.said == [
        (
            "update",
            UUID,
            {
                "FunctionResponseTypes": [],
                "FilterCriteria": {},
                "Enabled": False,
                "FunctionName": "shop",
            },
        ),
        ("settled", UUID),
    ]
    assert lamb_line("mapping", "update", UUID) == 2
    assert lamb_line("mapping", "update", UUID, "--filter", "{}", "--no-filter") == 2


def test_a_mapping_is_deleted_when_that_is_meant(lamb_line, client):
    assert lamb_line("mapping", "delete", UUID) == 4
    assert f"This would delete the mapping {UUID} (sqs:orders → hello)" in lamb_line.err
    assert lamb_line("mapping", "delete", UUID, "--yes", "--json") == 0
    assert json.loads(lamb_line.out)["Deleted"].endswith(f":event-source-mapping:{UUID}")
    assert client.said == [("delete", UUID), ("settled", UUID)]
    assert lamb_line("mapping", "delete", UUID, "--yes") == 3
    assert lamb_line("mapping", "delete", UUID, "--yes", "--ignore-not-found") == 0
