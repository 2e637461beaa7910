"""lamb permission … and lamb url …"""

from __future__ import annotations

import json

from unit.cli.memory_access import BUCKET, URL


def test_a_permission_is_added_and_its_id_printed(lamb_line, client):
    line = ("permission", "add", "shop", "--principal", "s3.amazonaws.com", "--source-arn", BUCKET)
    assert lamb_line(*line, "-v") == 0
    ((_, function, body),) = client.said
    assert lamb_line.out == f"{body['StatementId']}\n"
    assert lamb_line.err == f"✓ s3.amazonaws.com may invoke shop for {BUCKET}\n"
    assert (function, body.pop("StatementId")[:3]) == ("shop", "s3-")
    assert body == {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceArn": BUCKET}


def test_a_permission_that_is_there_is_a_conflict_unless_that_is_fine(lamb_line, client):
    line = ("permission", "add", "hello", "--principal", "*", "--statement-id", "s3")
    assert lamb_line(*line) == 4
    assert "`--if-not-exists` leaves it as it is" in lamb_line.err
    assert lamb_line(*line, "--if-not-exists") == 0
    assert (lamb_line.out, client.said) == ("s3\n", [])


def test_the_same_permission_has_the_same_id(lamb_line):
    line = ("permission", "add", "hello", "--principal", "*", "--source-account", "111122223333")
    assert (lamb_line(*line), lamb_line(*line)) == (0, 4)


def test_permissions_are_listed(lamb_line):
    assert lamb_line("permission", "list", "hello") == 0
    assert lamb_line.out == f"s3\ts3.amazonaws.com\tlambda:InvokeFunction\tAWS:SourceArn={BUCKET}\n"
    lamb_line("permission", "list", "hello", "-q")
    assert lamb_line.out == "s3\n"
    assert (lamb_line("permission", "list", "shop"), lamb_line.out) == (0, "")
    assert lamb_line("permission", "list", "nobody") == 3


def test_a_permission_is_removed(lamb_line, client):
    assert lamb_line("permission", "remove", "hello", "s3", "--json") == 0
    assert json.loads(lamb_line.out) == {"Removed": "s3"}
    assert client.said == [("forbid", "hello", "s3")]
    assert lamb_line("permission", "remove", "hello", "s3") == 3
    assert "`lamb permission list hello`" in lamb_line.err
    assert lamb_line("permission", "remove", "hello", "s3", "--ignore-not-found") == 0


def test_a_url_is_made_for_everybody_and_its_permissions_with_it(lamb_line, client):
    assert lamb_line("url", "create", "hello", "--allow-origin", "*", "-v") == 0
    assert lamb_line.out == f"{URL.replace(':4566', '')}\n"
    assert "everybody may invoke hello" in lamb_line.err
    assert "`lamb serve` opens the port" in lamb_line.err
    cors = {"AllowOrigins": ["*"], "AllowMethods": ["*"], "AllowHeaders": ["*"]}
    (made, *permitted) = client.said
    assert made == ("url", "hello", {"AuthType": "NONE", "Cors": cors})
    assert [body["Action"] for _, _, body in permitted] == [
        "lambda:InvokeFunctionUrl",
        "lambda:InvokeFunction",
    ]


def test_a_url_for_signed_requests_permits_nobody(lamb_line, client):
    assert lamb_line("url", "create", "hello", "--auth", "iam") == 0
    assert client.said == [("url", "hello", {"AuthType": "AWS_IAM"})]


def test_a_url_that_is_there_is_a_conflict_unless_that_is_fine(lamb_line):
    assert lamb_line("url", "create", "shop") == 4
    assert "`--if-not-exists` leaves it as it is" in lamb_line.err
    assert lamb_line("url", "create", "shop", "--if-not-exists") == 0
    assert lamb_line.out == f"{URL}\n"
    assert lamb_line("url", "create", "nobody") == 3
    assert "Function not found" in lamb_line.err


def test_a_url_is_shown(lamb_line):
    assert (lamb_line("url", "show", "shop"), lamb_line.out) == (0, f"{URL}\n")
    assert lamb_line("url", "show", "hello") == 3
    assert lamb_line.err == "lamb: hello has no URL\nhint: `lamb url create hello` makes one\n"


def test_a_url_is_deleted_with_the_permissions_that_came_with_it(lamb_line, client):
    lamb_line("url", "create", "hello")
    client.said.clear()
    assert lamb_line("url", "delete", "hello", "--json") == 0
    assert json.loads(lamb_line.out) == {"Deleted": "hello"}
    assert [said[0] for said in client.said] == ["url gone", "forbid", "forbid"]
    assert lamb_line("url", "delete", "hello") == 3
    assert lamb_line("url", "delete", "hello", "--ignore-not-found") == 0
