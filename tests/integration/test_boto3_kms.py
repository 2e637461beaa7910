"""boto3's KMS client, unpatched, against `lamb serve`: only the endpoint and some keys are set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

PREFIX = "arn:aws:kms:us-east-1:123456789012:"
NONE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def kms(lamb_of_module: harness.Lamb) -> Iterator[Any]:
    with lamb_of_module.serving() as served:
        yield boto3.client("kms", **served.aws, config=Config(retries={"max_attempts": 0}))


@pytest.fixture(scope="module")
def key(kms: Any) -> str:
    """Its ARN; enabled, with nothing special."""
    arn: str = kms.create_key()["KeyMetadata"]["Arn"]
    return arn


def refused(ask: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        ask()
    answer = caught.value.response
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], answer["Error"]["Message"], status


def about(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_key_is_created_described_changed_and_deleted(kms: Any) -> None:
    made = kms.create_key(Description="test", Tags=[{"TagKey": "k", "TagValue": "v"}])["KeyMetadata"]
    assert abs((datetime.now(timezone.utc) - made.pop("CreationDate")).total_seconds()) < 60
    assert len(made.pop("CurrentKeyMaterialId")) == 64
    key_id = made["KeyId"]
    assert made == {
        "AWSAccountId": "123456789012",
        "KeyId": key_id,
        "Arn": f"{PREFIX}key/{key_id}",
        "Enabled": True,
        "Description": "test",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    kms.update_key_description(KeyId=key_id, Description="other")
    kms.disable_key(KeyId=key_id)
    shown = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (shown["Description"], shown["Enabled"], shown["KeyState"]) == ("other", False, "Disabled")
    kms.enable_key(KeyId=key_id)
    deleted = about(kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7))
    left = deleted.pop("DeletionDate") - datetime.now(timezone.utc)
    assert timedelta(days=6, hours=23) < left < timedelta(days=7, minutes=1)
    assert deleted == {"KeyId": made["Arn"], "KeyState": "PendingDeletion", "PendingWindowInDays": 7}
    assert "DeletionDate" in kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert refused(lambda: kms.encrypt(KeyId=key_id, Plaintext=b"x")) == (
        "KMSInvalidStateException",
        f"{made['Arn']} is pending deletion.",
        400,
    )
    assert about(kms.cancel_key_deletion(KeyId=key_id)) == {"KeyId": made["Arn"]}
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"


def test_what_is_encrypted_is_decrypted_with_its_context(kms: Any, key: str) -> None:
    context = {"LambdaFunctionName": "f"}
    sealed = kms.encrypt(KeyId=key, Plaintext=b"\0 secret", EncryptionContext=context)
    assert (sealed["KeyId"], sealed["EncryptionAlgorithm"]) == (key, "SYMMETRIC_DEFAULT")
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"\0 secret", key)
    blob = sealed["CiphertextBlob"]
    assert refused(lambda: kms.decrypt(CiphertextBlob=blob)) == ("InvalidCiphertextException", "", 400)
    other = kms.create_key()["KeyMetadata"]["Arn"]
    ask = {"CiphertextBlob": blob, "KeyId": other, "EncryptionContext": context}
    assert refused(lambda: kms.decrypt(**ask)) == (
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
        400,
    )
    moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=other)
    assert (moved["SourceKeyId"], moved["KeyId"]) == (key, other)
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"\0 secret"
    kms.disable_key(KeyId=other)
    assert refused(lambda: kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])) == (
        "DisabledException",
        f"{other} is disabled.",
        400,
    )


def test_data_keys_and_random_bytes_have_the_length_that_was_asked_for(kms: Any, key: str) -> None:
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    made = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=5)
    assert "Plaintext" not in made
    assert len(kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"]) == 5
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
    assert refused(kms.generate_random) == ("ValidationException", "NumberOfBytes is required.", 400)
    assert refused(lambda: kms.generate_random(NumberOfBytes=1025))[1] == (
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
        "Member must have value less than or equal to 1024"
    )
    assert refused(lambda: kms.generate_data_key(KeyId=key))[1] == (
        "Please specify either number of bytes or key spec."
    )
    ask = {"KeyId": key, "KeySpec": "AES_256", "DryRun": True}
    assert refused(lambda: kms.generate_data_key(**ask))[0] == "DryRunOperationException"


def test_a_plaintext_has_at_most_4096_bytes(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"x" * 4096)["CiphertextBlob"]
    assert len(kms.decrypt(CiphertextBlob=blob)["Plaintext"]) == 4096
    assert refused(lambda: kms.encrypt(KeyId=key, Plaintext=b"x" * 4097)) == (
        "ValidationException",
        (
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
            "Member must have length less than or equal to 4096"
        ),
        400,
    )


def test_aliases_are_made_moved_listed_and_deleted(kms: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    blob = kms.encrypt(KeyId="alias/one", Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["KeyId"] == key
    assert refused(lambda: kms.create_alias(AliasName="alias/one", TargetKeyId=key)) == (
        "AlreadyExistsException",
        f"An alias with the name {PREFIX}alias/one already exists",
        400,
    )
    kms.update_alias(AliasName="alias/one", TargetKeyId=other)
    assert kms.describe_key(KeyId="alias/one")["KeyMetadata"]["KeyId"] == other
    kms.create_alias(AliasName="alias/two", TargetKeyId=other)
    (alias, _) = kms.list_aliases(KeyId=other)["Aliases"]
    assert {name: alias[name] for name in ("AliasName", "AliasArn", "TargetKeyId")} == {
        "AliasName": "alias/one",
        "AliasArn": f"{PREFIX}alias/one",
        "TargetKeyId": other,
    }
    pages = list(kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 2}))
    assert [each["AliasName"] for page in pages for each in page["Aliases"]] == [
        "alias/aws/lambda",
        "alias/one",
        "alias/two",
    ]
    assert [page["Truncated"] for page in pages] == [True, False]
    for name in ("alias/one", "alias/two"):
        kms.delete_alias(AliasName=name)
    assert refused(lambda: kms.describe_key(KeyId="alias/one")) == (
        "NotFoundException",
        f"Alias {PREFIX}alias/one is not found.",
        400,
    )
    assert refused(lambda: kms.create_alias(AliasName="one", TargetKeyId=key))[:2] == (
        "ValidationException",
        (
            'Alias must start with the prefix "alias/". '
            "Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        ),
    )


def test_lambda_s_own_key_is_shown_and_nobody_but_lambda_uses_it(kms: Any) -> None:
    shown = kms.describe_key(KeyId="alias/aws/lambda")["KeyMetadata"]
    assert (shown["KeyManager"], shown["KeyState"]) == ("AWS", "Enabled")
    code, message, status = refused(lambda: kms.encrypt(KeyId="alias/aws/lambda", Plaintext=b"x"))
    assert (code, status) == ("AccessDeniedException", 400)
    assert message == (
        "User: arn:aws:iam::123456789012:root is not authorized to perform: kms:Encrypt on resource: "
        f"{shown['Arn']} because no resource-based policy allows the kms:Encrypt action"
    )


def test_keys_are_paginated(kms: Any, key: str) -> None:
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1}))
    arns = [each["KeyArn"] for page in pages for each in page["Keys"]]
    assert key in arns
    assert len(set(arns)) == len(arns) == len(pages) > 1
    assert refused(lambda: kms.list_keys(Marker="made up"))[0] == "InvalidMarkerException"


def test_policy_tags_and_rotation_are_what_terraform_reads(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    shown = kms.get_key_policy(KeyId=key, PolicyName="default")
    assert shown["PolicyName"] == "default"
    policy = json.loads(shown["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    policy["Id"] = "mine"
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"]) == policy
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    policy["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::123456789012:role/other"}
    assert refused(lambda: kms.put_key_policy(KeyId=key, Policy=json.dumps(policy)))[:2] == (
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    )
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": ""}])
    kms.untag_resource(KeyId=key, TagKeys=["a"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": ""}]
    assert about(kms.get_key_rotation_status(KeyId=key)) == {"KeyId": key, "KeyRotationEnabled": False}
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    assert status["NextRotationDate"] > datetime.now(timezone.utc)
    kms.disable_key_rotation(KeyId=key)
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def test_what_is_not_there_or_not_kept_is_refused(kms: Any) -> None:
    assert refused(lambda: kms.describe_key(KeyId=NONE)) == (
        "NotFoundException",
        f"Key '{PREFIX}key/{NONE}' does not exist",
        400,
    )
    assert refused(lambda: kms.describe_key(KeyId="fake-key-id")) == (
        "NotFoundException",
        "Invalid keyId 'fake-key-id'",
        400,
    )
    assert refused(lambda: kms.create_key(KeySpec="HMAC_256"))[:2] == (
        "ValidationException",
        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    )
    ask = {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}
    code, message, _ = refused(lambda: kms.create_key(**ask))
    assert code == "UnsupportedOperationException"
    assert "RSA_2048" in message
    assert refused(lambda: kms.create_key(KeyUsage="RANDOM"))[0] == "ValidationException"
    assert refused(lambda: kms.get_public_key(KeyId=NONE))[0] == "UnknownOperationException"
