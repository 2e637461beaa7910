"""Who may call a served port: boto3 unpatched, and requests that somebody has tampered with."""

from __future__ import annotations

import http.client
import io
import json
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from harness.signing import signed

INVOKE = "/2015-03-31/functions/echo/invocations"
ROLE = "arn:aws:iam::123456789012:role/limited"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
ECHO = "def handler(event, context): return event\n"
# A function that asks what it is told to ask. It brings the signer of these tests along.
CALLER = """
import json, os, urllib.request, urllib.error

def handler(event, context):
    url = os.environ["AWS_ENDPOINT_URL_LAMBDA"]
    headers = signed(event["method"], event["target"], url[len("http://"):], os.environ)
    request = urllib.request.Request(url + event["target"], None, headers, method=event["method"])
    try:
        return [200, json.load(urllib.request.urlopen(request))]
    except urllib.error.HTTPError as error:
        return [error.code, json.load(error)]
"""


@pytest.fixture(scope="module")
def served(lamb_of_module: harness.Lamb) -> Iterator[harness.Served]:
    """A port, over a home with the functions `echo` and `caller`."""
    lamb = lamb_of_module
    lamb.write("echo.py", ECHO)
    lamb.run("create", "echo", "--file", "echo.py", "--runtime", lamb.runtime)
    with lamb.serving() as served:
        yield served


def client(served: harness.Served, service: str = "lambda", **more: Any) -> Any:
    return boto3.client(service, **{**served.aws, **more}, config=Config(retries={"max_attempts": 0}))


def refused(call: Any, **members: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    error = answer["Error"]
    return error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def asked(served: harness.Served, headers: Mapping[str, str], body: bytes = b"{}") -> tuple[int, str, Any]:
    """Status, code and document of an invocation with these very headers."""
    connection = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", INVOKE, skip_host=True)
    for name, value in {**headers, "content-length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    told = answer.status, answer.getheader("x-amzn-errortype", ""), json.load(answer)
    connection.close()
    return told


def proof(served: harness.Served, host: str = "", **more: Any) -> dict[str, str]:
    keys = {
        "AWS_ACCESS_KEY_ID": served.key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": served.key["SecretAccessKey"],
    }
    return signed("POST", INVOKE, host or served.url.removeprefix("http://"), {**keys, **more}, b"{}")


# ------------------------------------------------------------------ one sentence, one test


def test_a_signed_request_is_carried_out(served: harness.Served) -> None:
    assert asked(served, proof(served)) == (200, "", {})


def test_an_unsigned_request_is_refused(served: harness.Served) -> None:
    host = {"host": served.url.removeprefix("http://")}
    told = {"message": "Missing Authentication Token"}
    assert asked(served, host) == (403, "MissingAuthenticationTokenException", told)


def test_a_wrongly_signed_request_is_refused(served: harness.Served) -> None:
    made = client(served, aws_secret_access_key="wrong")
    code, message, status = refused(made.invoke, FunctionName="echo")
    assert (code, status) == ("InvalidSignatureException", 403)
    assert message.startswith(
        "The request signature we calculated does not match the signature you provided."
    )


def test_a_request_whose_body_was_exchanged_is_refused(served: harness.Served) -> None:
    assert asked(served, proof(served), b"[]")[:2] == (403, "InvalidSignatureException")


def test_a_request_of_an_unknown_key_is_refused(served: harness.Served) -> None:
    made = client(served, aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
    told = "The security token included in the request is invalid."
    assert refused(made.list_functions) == ("UnrecognizedClientException", told, 403)


def test_an_expired_request_is_refused(served: harness.Served) -> None:
    old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 400))
    status, code, document = asked(served, {**proof(served), "x-amz-date": old})
    assert (status, code) == (403, "InvalidSignatureException")
    assert document["message"].startswith(f"Signature expired: {old} is now earlier than ")


def test_a_request_that_is_replayed_to_another_host_is_refused(served: harness.Served) -> None:
    elsewhere = proof(served, "lambda.us-east-1.amazonaws.com")
    here = {**elsewhere, "host": served.url.removeprefix("http://")}
    assert asked(served, here)[:2] == (403, "InvalidSignatureException")
    assert asked(served, elsewhere)[:2] == (403, "AccessDeniedException")


def test_a_page_of_another_origin_is_refused_signed_or_not(served: harness.Served) -> None:
    for headers in (proof(served), {"host": served.url.removeprefix("http://")}):
        assert asked(served, {**headers, "origin": "https://evil.test"})[:2] == (403, "AccessDeniedException")


# ------------------------------------------------------------------ presigned, and other services


def test_a_presigned_url_works_without_any_header_until_it_is_changed(served: harness.Served) -> None:
    url = client(served).generate_presigned_url("get_function", {"FunctionName": "echo"}, ExpiresIn=60)
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert json.load(answer)["Configuration"]["FunctionName"] == "echo"
    for changed in (url.replace("functions/echo", "functions/ech"), url.replace("Expires=60", "Expires=61")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(changed, timeout=20)
        assert caught.value.code == 403
        caught.value.close()


def test_the_code_of_a_function_downloads_without_a_signature_of_the_caller(served: harness.Served) -> None:
    location = client(served).get_function(FunctionName="echo")["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=20) as answer:
        assert zipfile.ZipFile(io.BytesIO(answer.read())).namelist() == ["echo.py"]


@pytest.mark.parametrize(
    ("service", "operation"), [("sqs", "list_queues"), ("sns", "list_topics"), ("iam", "list_roles")]
)
def test_services_beside_lambda_are_behind_the_same_gate(
    served: harness.Served, service: str, operation: str
) -> None:
    assert getattr(client(served, service), operation)()
    for wrong, code in [
        ({"aws_secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "InvalidClientTokenId"),
    ]:
        assert refused(getattr(client(served, service, **wrong), operation))[::2] == (code, 403)


def test_logs_are_refused_in_the_words_of_a_json_protocol(served: harness.Served) -> None:
    made = client(served, "logs", aws_secret_access_key="wrong")
    assert refused(made.describe_log_groups)[::2] == ("InvalidSignatureException", 403)


# ------------------------------------------------------------------ accounts and regions


def test_accounts_and_regions_do_not_see_each_other(served: harness.Served, lamb_of_module: Any) -> None:
    default = lamb_of_module.json("env")["AWS_SECRET_ACCESS_KEY"]
    abroad = client(served, region_name="eu-west-1")
    assert abroad.list_functions()["Functions"] == []
    other = {"aws_access_key_id": "111122223333", "aws_secret_access_key": default}
    assert client(served, **other).list_functions()["Functions"] == []
    queue = client(served, "sqs", **other).create_queue(QueueName="theirs")["QueueUrl"]
    assert queue.endswith("/111122223333/theirs")
    assert "QueueUrls" not in client(served, "sqs").list_queues()
    assert refused(client(served, **{**other, "aws_secret_access_key": "x"}).list_functions)[2] == 403


def test_a_deleted_key_signs_nothing_more(served: harness.Served, lamb_of_module: Any) -> None:
    made = lamb_of_module.json("keys", "create", "--account", "111122223333")
    keys = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    caller = client(served, **keys)
    assert caller.list_functions()["Functions"] == []
    lamb_of_module.run("keys", "delete", made["AccessKeyId"], "--yes")
    assert refused(caller.list_functions)[0] == "UnrecognizedClientException"


def test_without_authentication_any_keys_will_do(
    lamb_of_module: harness.Lamb, served: harness.Served
) -> None:
    with lamb_of_module.serving("--no-auth") as open_to_all:
        made = client(open_to_all, aws_access_key_id="test", aws_secret_access_key="test")
        assert [function["FunctionName"] for function in made.list_functions()["Functions"]] != []
        there = client(open_to_all, aws_access_key_id="111122223333", aws_secret_access_key="test")
        assert there.list_functions()["Functions"] == []
        with urllib.request.urlopen(f"{open_to_all.url}/2015-03-31/functions/echo", timeout=20) as answer:
            assert answer.status == 200
        evil = urllib.request.Request(f"{open_to_all.url}{INVOKE}", b"{}", {"Origin": "https://evil.test"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(evil, timeout=20)
        caught.value.close()


# ------------------------------------------------------------------ what a role may do


@pytest.fixture(scope="module")
def caller(served: harness.Served, lamb_of_module: harness.Lamb) -> Any:
    """Calls lamb from inside a function whose role is `limited`."""
    lamb = lamb_of_module
    lamb.write("caller.py", (harness.CHECKOUT / "tests/harness/signing.py").read_text() + CALLER)
    lamb.run("create", "caller", "--file", "caller.py", "--runtime", lamb.runtime, "--role", ROLE)

    def call(method: str, target: str) -> Any:
        return lamb.json("invoke", "caller", "-e", json.dumps({"method": method, "target": target}))[
            "Payload"
        ]

    return call


def test_a_function_whose_role_lacks_an_action_gets_access_denied(
    served: harness.Served, caller: Any
) -> None:
    iam = client(served, "iam")
    with suppress(ClientError):
        iam.delete_role_policy(RoleName="limited", PolicyName="p")
        iam.delete_role(RoleName="limited")
    # A role that is not stored may invoke and not list.
    assert caller("POST", INVOKE)[0] == 200
    assert caller("GET", "/2015-03-31/functions")[0] == 403

    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    iam.create_role(RoleName="limited", AssumeRolePolicyDocument=document(trust))
    status, told = caller("POST", INVOKE)
    assert (status, told) == (
        403,
        {
            "Message": "User: arn:aws:sts::123456789012:assumed-role/limited/caller is not authorized to "
            f"perform: lambda:InvokeFunction on resource: {ARN}echo because no identity-based policy allows "
            "the lambda:InvokeFunction action"
        },
    )

    allow = {"Effect": "Allow", "Action": ["lambda:List*", "lambda:InvokeFunction"], "Resource": "*"}
    iam.put_role_policy(RoleName="limited", PolicyName="p", PolicyDocument=document(allow))
    assert caller("GET", "/2015-03-31/functions")[0] == 200
    assert caller("POST", INVOKE)[0] == 200

    # What the role lacks, the function's own policy may give to it.
    functions = client(served)
    listing = {"Effect": "Allow", "Action": "lambda:List*", "Resource": "*"}
    iam.put_role_policy(RoleName="limited", PolicyName="p", PolicyDocument=document(listing))
    assert caller("POST", INVOKE)[0] == 403
    invited = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": ROLE}
    functions.add_permission(FunctionName="echo", **invited)
    assert caller("POST", INVOKE)[0] == 200

    deny = {"Effect": "Deny", "Action": "lambda:*", "Resource": f"{ARN}ec*"}
    iam.put_role_policy(RoleName="limited", PolicyName="p", PolicyDocument=document(allow, deny))
    status, told = caller("POST", INVOKE)
    assert status == 403
    assert told["Message"].endswith("with an explicit deny in an identity-based policy")
    functions.remove_permission(FunctionName="echo", StatementId="s")
    assert caller("GET", "/2015-03-31/functions")[0] == 200


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
