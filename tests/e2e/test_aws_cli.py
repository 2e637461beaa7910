"""The AWS CLI, both versions, in a shell that has nothing but what `eval "$(lamb env)"` sets.

Version 1 is from PyPI; version 2 is Debian's package `awscli`, where somebody has installed it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import harness
import pytest

Shell = Callable[..., subprocess.CompletedProcess[str]]

# Installing the CLI takes longer than all other tests of this folder.
pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
ARN = "arn:aws:lambda:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/r"
CODE = "--handler app.handler --zip-file fileb://f.zip"
SOURCE = """
def handler(event, context):
    print("says hello")
    return event
"""


class Cli(NamedTuple):
    """One version of `aws`, and the exit codes that differ between them."""

    version: tuple[int, int]
    bin: Path
    refused: int
    """Exit code of a command that the service refuses."""
    misused: int
    """Exit code of a command that is not sent."""


@pytest.fixture(scope="module", params=[1, 2], ids="version {}".format)
def cli(request: pytest.FixtureRequest, workshop: harness.Workshop) -> Cli:
    if request.param == 1:
        programs = workshop.programs("awscli")
        return Cli(_version(programs / "aws"), programs, refused=255, misused=2)
    program = Path("/usr/bin/aws")
    version = _version(program) if program.exists() else (0, 0)
    if version[0] != 2:
        pytest.skip("no version 2 is installed")
    # Payloads as version 1 takes them, as text; AWS_ENDPOINT_URL is heeded since 2.13.
    options = "--cli-binary-format raw-in-base64-out"
    if version < (2, 13):
        options += ' --endpoint-url "$AWS_ENDPOINT_URL"'
    place = workshop.place()
    (place / "aws").write_text(f'#!/bin/sh\nexec {program} {options} "$@"\n')
    (place / "aws").chmod(0o755)
    return Cli(version, place, refused=254, misused=252)


def _version(program: Path) -> tuple[int, int]:
    said = subprocess.check_output([program, "--version"], text=True)
    major, minor = re.match(r"aws-cli/(\d+)\.(\d+)", said).groups()
    return int(major), int(minor)


@pytest.fixture(scope="module")
def home(cli: Cli, workshop: harness.Workshop) -> Iterator[harness.Lamb]:
    """One for each version."""
    made = harness.Lamb(harness.ourselves(), workshop.place())
    yield made
    made.close()


@pytest.fixture(scope="module")
def shell(cli: Cli, home: harness.Lamb, workshop: harness.Workshop) -> Shell:
    """Runs a script of bash after `eval "$(lamb env)"`, where the function `f` is."""
    place = workshop.place()
    environment = {
        **home.env,
        "PATH": f"{cli.bin}:{home.env['PATH']}:{os.environ['PATH']}",
        "HOME": str(place),
        "AWS_PAGER": "",
    }
    for name, entry, text in (("f.zip", "app.py", SOURCE), ("l.zip", "words.txt", "from a layer")):
        with zipfile.ZipFile(place / name, "w") as archive:
            inside = zipfile.ZipInfo(entry)
            inside.external_attr = 0o100644 << 16
            archive.writestr(inside, text)

    def run(script: str, exit_code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-euc", f'eval "$(lamb env --shell bash)"\n{script}'],
            cwd=place,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done

    run(
        f"aws lambda create-function --function-name f --role {ROLE} --runtime {home.runtime}"
        f" {CODE} --tags a=b"
        " --environment 'Variables={COLOUR=red}'\n"
        "aws lambda wait function-active-v2 --function-name f"
    )
    return run


def shown(shell: Shell, script: str) -> Any:
    return json.loads(shell(script).stdout)


def test_a_function_is_invoked_in_every_way(shell):
    invoke = "aws lambda invoke --function-name f"
    answer = shown(shell, f"""{invoke} --payload '{{"n":1}}' out.json""")
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert shown(shell, "cat out.json") == {"n": 1}
    tail = f"{invoke} --payload '{{}}' --log-type Tail --query LogResult --output text /dev/null | base64 -d"
    lines = shell(tail).stdout.splitlines()
    assert [line.split()[0] for line in lines if line] == ["START", "says", "END", "REPORT"]
    assert shown(shell, f"{invoke} --invocation-type Event --payload '{{}}' out.json") == {"StatusCode": 202}
    assert shown(shell, f"{invoke} --invocation-type DryRun out.json") == {"StatusCode": 204}


def test_a_release_is_published_and_shifted(shell):
    version = shell(
        "aws lambda publish-version --function-name f --query Version --output text"
    ).stdout.strip()
    shell(
        f"aws lambda wait published-version-active --function-name f --qualifier {version}\n"
        f"aws lambda create-alias --function-name f --name live --function-version {version}"
    )
    moved = shown(shell, "aws lambda update-alias --function-name f --name live --function-version '$LATEST'")
    assert (moved["AliasArn"], moved["FunctionVersion"]) == (f"{ARN}:function:f:live", "$LATEST")
    changed = shown(shell, "aws lambda update-function-configuration --function-name f --memory-size 256")
    assert (changed["MemorySize"], changed["LastUpdateStatus"]) == (256, "InProgress")
    shell("aws lambda wait function-updated-v2 --function-name f")


def test_lists_are_paged_queried_and_drawn(shell):
    create = f"aws lambda create-function --runtime python3.11 {CODE}"
    shell(f"for name in g h; do {create} --role {ROLE} --function-name $name; done")
    listed = "aws lambda list-functions"
    names = shell(f"{listed} --page-size 1 --query 'Functions[].FunctionName' --output text").stdout.split()
    assert names == ["f", "g", "h"]
    first = shown(shell, f"{listed} --max-items 2")
    assert [function["FunctionName"] for function in first["Functions"]] == ["f", "g"]
    rest = shown(shell, f"{listed} --starting-token {first['NextToken']}")
    assert [function["FunctionName"] for function in rest["Functions"]] == ["h"]
    assert "||  FunctionName|  g " in shell(f"{listed} --output table").stdout
    shell("for name in g h; do aws lambda delete-function --function-name $name; done")
    assert shown(shell, f"{listed} --query 'Functions[].FunctionName'") == ["f"]


def test_permissions_layers_mappings_and_tags_are_attached(shell):
    grant = "--statement-id s --action lambda:InvokeFunction --principal s3.amazonaws.com"
    shell(f"aws lambda add-permission --function-name f {grant}")
    policy = json.loads(shell("aws lambda get-policy --function-name f --query Policy --output text").stdout)
    assert policy["Statement"][0]["Principal"] == {"Service": "s3.amazonaws.com"}
    layer = shown(shell, "aws lambda publish-layer-version --layer-name l --zip-file fileb://l.zip")
    assert layer["LayerVersionArn"] == f"{ARN}:layer:l:1"
    queue = "arn:aws:sqs:us-east-1:123456789012:mapped"
    shell("lamb queue create mapped")
    source = f"--function-name f --event-source-arn {queue} --no-enabled"
    mapping = shown(shell, f"aws lambda create-event-source-mapping {source}")
    assert (mapping["EventSourceArn"], mapping["FunctionArn"]) == (queue, f"{ARN}:function:f")
    shell(f"aws lambda tag-resource --resource {ARN}:function:f --tags c=d")
    assert shown(shell, f"aws lambda list-tags --resource {ARN}:function:f") == {"Tags": {"a": "b", "c": "d"}}


def test_the_neighbours_are_there_too(shell):
    assert shown(shell, "aws sts get-caller-identity")["Account"] == "123456789012"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = shown(shell, f"aws iam create-role --role-name r --assume-role-policy-document '{document}'")
    assert role["Role"]["Arn"] == ROLE
    opened = shell(
        "key=$(aws kms create-key --query KeyMetadata.KeyId --output text)\n"
        "aws kms encrypt --key-id $key --plaintext fileb://l.zip --query CiphertextBlob --output text"
        " | base64 -d > sealed\n"
        "aws kms decrypt --ciphertext-blob fileb://sealed --query Plaintext --output text"
        " | base64 -d | cmp - l.zip && echo same"
    )
    assert opened.stdout == "same\n"
    shell("aws lambda invoke --function-name f --payload '{}' /dev/null")
    group = "--log-group-name /aws/lambda/f --filter-pattern hello --query 'events[].message'"
    assert "says hello\n" in shown(shell, f"aws logs filter-log-events {group}")


def test_queues_and_topics_carry_messages(shell, cli):
    """Version 1 sends what is for SQS to AWS unless --endpoint-url says otherwise; version 2 does not."""
    if (2, 0) <= cli.version < (2, 14):
        pytest.skip("this version does not speak SQS's JSON protocol")
    bodies = shell(
        'sqs() { aws sqs --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n'
        "url=$(sqs create-queue --queue-name q --query QueueUrl --output text)\n"
        "topic=$(aws sns create-topic --name t --query TopicArn --output text)\n"
        "queue=arn:aws:sqs:us-east-1:123456789012:q\n"
        "aws sns subscribe --topic-arn $topic --protocol sqs --notification-endpoint $queue"
        " --attributes RawMessageDelivery=true > /dev/null\n"
        "aws sns publish --topic-arn $topic --message 'ein Gruß' > /dev/null\n"
        "sqs receive-message --queue-url $url --query 'Messages[].Body' --output text"
    )
    assert bodies.stdout == "ein Gruß\n"


@pytest.mark.parametrize(
    ("command", "operation", "told"),
    [
        (
            "get-function --function-name nobody",
            "GetFunction",
            f"(ResourceNotFoundException): Function not found: {ARN}:function:nobody",
        ),
        (
            f"create-function --function-name f --role {ROLE} --runtime python3.11 {CODE}",
            "CreateFunction",
            "(ResourceConflictException): Function already exist: f",
        ),
        (
            "update-function-configuration --function-name f --memory-size 99999999",
            "UpdateFunctionConfiguration",
            "(ValidationException): 1 validation error detected: Value '99999999' at 'memorySize'",
        ),
        (
            "invoke --function-name f --payload { /dev/null",
            "Invoke",
            "(InvalidRequestContentException): Could not parse request body into json: ",
        ),
    ],
)
def test_an_error_reads_as_awss_does(shell, cli, command, operation, told):
    code, text = told.split(": ", 1)
    done = shell(f"aws lambda {command}", exit_code=cli.refused)
    expected = f"An error occurred {code} when calling the {operation} operation: {text}"
    assert expected in done.stderr
    assert done.stdout == ""


def test_an_operation_that_lamb_does_not_have_is_named(shell, cli):
    if (2, 0) <= cli.version < (2, 32):
        pytest.skip("this version does not have the operation either")
    done = shell("aws lambda list-capacity-providers", exit_code=cli.refused)
    assert "(UnknownOperationException) when calling the ListCapacityProviders operation: lamb" in done.stderr


def test_a_wrong_secret_and_a_wrong_command_have_their_exit_codes(shell, cli):
    done = shell("AWS_SECRET_ACCESS_KEY=wrong aws lambda list-functions", exit_code=cli.refused)
    assert "(InvalidSignatureException)" in done.stderr
    shell("aws lambda get-function", exit_code=cli.misused)
