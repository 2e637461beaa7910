"""Functions and keys of KMS, through boto3 on both sides: ciphertexts in variables, and KMSKeyArn."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::123456789012:role/any"
# As the console shows it to those who encrypt a variable in transit.
DECRYPTING = """
import base64, os
import boto3

def handler(event, context):
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    opened = boto3.client("kms").decrypt(
        CiphertextBlob=base64.b64decode(os.environ["SECRET"]),
        EncryptionContext={"LambdaFunctionName": event.get("as", name)},
    )
    return opened["Plaintext"].decode()
"""
TELLING = """
import os

def handler(event, context):
    return os.environ["SECRET"]
"""


class Clients:
    def __init__(self, served: harness.Served) -> None:
        config = Config(retries={"max_attempts": 0}, read_timeout=60)
        self.kms, self.functions = (
            boto3.client(service, **served.aws, config=config) for service in ("kms", "lambda")
        )

    def create(self, name: str, source: str, runtime: str, secret: str, **members: Any) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo("app.py")
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, source)
        self.functions.create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler="app.handler",
            Role=ROLE,
            Code={"ZipFile": packed.getvalue()},
            Timeout=30,
            MemorySize=256,
            Environment={"Variables": {"SECRET": secret}},
            **members,
        )
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def invoke(self, name: str, event: Any = None) -> tuple[Any, str | None]:
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def update(self, name: str, **members: Any) -> None:
        """An update ends the environments that are warm."""
        self.functions.update_function_configuration(FunctionName=name, **members)
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


@pytest.fixture(scope="module")
def clients(lamb_of_module: harness.Lamb) -> Iterator[Clients]:
    with lamb_of_module.serving() as served:
        yield Clients(served)


def refused(ask: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        ask()
    answer = caught.value.response
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], answer["Error"]["Message"], status


def test_a_function_decrypts_what_its_variables_hold(clients: Clients, lamb_of_module: harness.Lamb) -> None:
    key = clients.kms.create_key()["KeyMetadata"]["KeyId"]
    context = {"LambdaFunctionName": "decrypting"}
    sealed = clients.kms.encrypt(KeyId=key, Plaintext=b"s3cret", EncryptionContext=context)
    secret = base64.b64encode(sealed["CiphertextBlob"]).decode()
    clients.create("decrypting", DECRYPTING, lamb_of_module.runtime, secret)
    assert clients.invoke("decrypting") == ("s3cret", None)
    told, error = clients.invoke("decrypting", {"as": "another"})
    assert (told["errorType"], error) == ("InvalidCiphertextException", "Unhandled")


def test_a_key_that_cannot_be_used_is_told_when_an_environment_starts(
    clients: Clients, lamb_of_module: harness.Lamb
) -> None:
    key = clients.kms.create_key()["KeyMetadata"]["Arn"]
    clients.create("keyed", TELLING, lamb_of_module.runtime, "s3cret", KMSKeyArn=key)
    assert clients.invoke("keyed") == ("s3cret", None)
    clients.kms.disable_key(KeyId=key)
    assert clients.invoke("keyed") == ("s3cret", None), "what is warm has its variables"
    clients.update("keyed", MemorySize=128)
    assert refused(lambda: clients.invoke("keyed")) == (
        "KMSDisabledException",
        (
            "Lambda was unable to decrypt the environment variables because the KMS key used is disabled. "
            "Please check the function's KMS key settings. "
            f"KMS Exception: DisabledExceptionKMS Message: {key} is disabled."
        ),
        502,
    )
    shown = clients.functions.get_function_configuration(FunctionName="keyed")
    assert shown["KMSKeyArn"] == key
    assert "Variables" not in shown["Environment"]
    assert shown["Environment"]["Error"]["ErrorCode"] == "AccessDeniedException"
    clients.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    code, message, status = refused(lambda: clients.invoke("keyed"))
    assert (code, status) == ("KMSInvalidStateException", 502)
    assert message.endswith(f"KMS Exception: KMSInvalidStateExceptionKMS Message: {key} is pending deletion.")
    clients.kms.cancel_key_deletion(KeyId=key)
    clients.kms.enable_key(KeyId=key)
    assert clients.invoke("keyed") == ("s3cret", None)


def test_a_key_that_is_not_there_is_refused_when_it_is_named(
    clients: Clients, lamb_of_module: harness.Lamb
) -> None:
    none = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    assert refused(lambda: clients.create("none", TELLING, lamb_of_module.runtime, "x", KMSKeyArn=none)) == (
        "InvalidParameterValueException",
        (
            "Lambda was unable to configure access to your environment variables because the KMS key is "
            "invalid for CreateGrant. Please check your KMS key settings. "
            f"KMS Exception: NotFoundException KMS Message: Key '{none}' does not exist"
        ),
        400,
    )
