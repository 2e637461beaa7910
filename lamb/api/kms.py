"""KMS, in its JSON protocol: symmetric keys. Documents and errors in KMS's words."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lamb.api import callers, neighbour_members
from lamb.api.kms_call import SYMMETRIC, Call
from lamb.api.messages import Response
from lamb.api.neighbour import Request
from lamb.core import kms, kms_aliases, kms_crypto
from lamb.model.errors import InvalidParameterValue, KMSRefusal, LambError, UnknownOperation
from lamb.model.kms import DELETION_DEFAULT_DAYS, ROTATION_DEFAULT_DAYS, Caller, Key, KeyAlias
from lamb.model.kms_errors import InvalidRequest, UnsupportedOperation

Document = dict[str, Any]

_CONTENT_TYPE = (b"content-type", b"application/x-amz-json-1.1")


class Kms:
    """Fulfils `lamb.api.neighbour.Service`."""

    for_functions = frozenset(
        {
            "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
            "GenerateRandom", "ReEncrypt",
        }
    )  # fmt: skip

    async def answer(self, request: Request) -> Response:
        if request.is_form:
            raise UnknownOperation("KMS speaks a JSON protocol")
        if request.operation not in HANDLERS:
            raise UnknownOperation(f"lamb's KMS has no operation {request.operation}")
        caller = await callers.of(request)
        document = await request.services.run(_carry_out, request, Caller(request.place, caller.arn))
        return _response(200, document or {})

    def refusal(self, error: LambError, request: Request) -> Response:  # noqa: ARG002 - the Protocol's
        code, message = error.code, error.message
        if type(error) is InvalidParameterValue:
            # Core says it of markers alone.
            code, message = (
                "InvalidMarkerException",
                "The marker is not one that a list operation has returned",
            )
        # 501 is lamb's own word; of what a caller may not do, KMS says 400.
        status = 400 if error.status in (403, 501) else error.status
        if isinstance(error, KMSRefusal):
            # The home's own key, which seals the material, is missing or another one.
            code, status = "KMSInternalException", 500
        told = {"__type": code, "message": message} if message else {"__type": code}
        response = _response(status, told)
        response.headers.append((b"x-amzn-errortype", code.encode()))
        return response


SERVICE = Kms()


def _carry_out(request: Request, caller: Caller) -> Document | None:
    members = neighbour_members.of_document("kms", request.operation, request.members)
    return HANDLERS[request.operation](Call(request.services.core, caller, members))


def _response(status: int, document: Mapping[str, Any]) -> Response:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(status, [_CONTENT_TYPE], content.encode("utf-8", "surrogatepass"))


# ------------------------------------------------------------------ keys


def _create_key(call: Call) -> Document:
    spec = call.members.get("KeySpec", call.members.get("CustomerMasterKeySpec", SYMMETRIC))
    usage = call.members.get("KeyUsage")
    if spec != SYMMETRIC and usage is None:
        raise InvalidRequest(
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        )
    if spec != SYMMETRIC or usage not in (None, "ENCRYPT_DECRYPT"):
        raise UnsupportedOperation(
            f"lamb keeps symmetric keys that encrypt and decrypt ({SYMMETRIC}), not {spec} for {usage}"
        )
    if call.members.get("Origin", "AWS_KMS") != "AWS_KMS" or call.members.get("MultiRegion"):
        raise UnsupportedOperation("lamb keeps keys of one region, with material that it makes itself")
    arguments = (call.members.get("Description", ""), call.members.get("Policy"), call.tags())
    return {"KeyMetadata": _metadata(kms.create(call.core, call.caller, *arguments))}


def _describe_key(call: Call) -> Document:
    return {"KeyMetadata": _metadata(kms.get(*call.subject))}


def _list_keys(call: Call) -> Document:
    found, marker = kms.list_keys(call.core, call.caller.place, call.page())
    return _listed("Keys", [{"KeyId": key.id, "KeyArn": key.arn} for key in found], marker)


def _enable_key(call: Call) -> None:
    kms.set_enabled(*call.subject, enabled=True)


def _disable_key(call: Call) -> None:
    kms.set_enabled(*call.subject, enabled=False)


def _update_key_description(call: Call) -> None:
    kms.describe_anew(*call.subject, call["Description"])


def _schedule_key_deletion(call: Call) -> Document:
    days = call.members.get("PendingWindowInDays", DELETION_DEFAULT_DAYS)
    key = kms.schedule_deletion(*call.subject, days)
    return {
        "KeyId": key.arn,
        "DeletionDate": _seconds(key.deletion_ms),
        "KeyState": key.state,
        "PendingWindowInDays": days,
    }


def _cancel_key_deletion(call: Call) -> Document:
    return {"KeyId": kms.cancel_deletion(*call.subject).arn}


def _get_key_policy(call: Call) -> Document:
    name = call.members.get("PolicyName", kms.POLICY_NAME)
    return {"Policy": kms.policy(*call.subject, name), "PolicyName": kms.POLICY_NAME}


def _list_key_policies(call: Call) -> Document:
    kms.policy(*call.subject, kms.POLICY_NAME)
    return _listed("PolicyNames", [kms.POLICY_NAME], None)


def _put_key_policy(call: Call) -> None:
    lockout = bool(call.members.get("BypassPolicyLockoutSafetyCheck"))
    kms.put_policy(*call.subject, call["Policy"], lockout=lockout)


def _tag_resource(call: Call) -> None:
    kms.tag(*call.subject, call.tags())


def _untag_resource(call: Call) -> None:
    kms.untag(*call.subject, call["TagKeys"])


def _list_resource_tags(call: Call) -> Document:
    tags = kms.tags(*call.subject)
    return _listed("Tags", [{"TagKey": key, "TagValue": value} for key, value in tags.items()], None)


def _enable_key_rotation(call: Call) -> None:
    kms.rotate(*call.subject, call.members.get("RotationPeriodInDays", ROTATION_DEFAULT_DAYS))


def _disable_key_rotation(call: Call) -> None:
    kms.rotate(*call.subject, None)


def _get_key_rotation_status(call: Call) -> Document:
    rotation = kms.rotation(*call.subject)
    told = {"KeyId": rotation.key.id, "KeyRotationEnabled": rotation.next_ms is not None}
    if rotation.next_ms is None:
        return told
    return {
        **told,
        "RotationPeriodInDays": rotation.key.rotation_days,
        "NextRotationDate": _seconds(rotation.next_ms),
    }


# ------------------------------------------------------------------ encryption


def _encrypt(call: Call) -> Document:
    call.refuse_algorithm()
    sealed = kms_crypto.encrypt(*call.subject, call["Plaintext"], call.context(), dry_run=call.dry_run)
    return {
        "CiphertextBlob": _base64(sealed.blob),
        "KeyId": sealed.key.arn,
        "EncryptionAlgorithm": SYMMETRIC,
    }


def _decrypt(call: Call) -> Document:
    call.refuse_algorithm()
    if "CiphertextBlob" not in call.members:
        raise InvalidRequest("CiphertextBlob is required.")
    arguments = (call.members.get("KeyId"), call["CiphertextBlob"], call.context())
    opened = kms_crypto.decrypt(call.core, call.caller, *arguments, dry_run=call.dry_run)
    return {
        "KeyId": opened.key.arn,
        "Plaintext": _base64(opened.plain),
        "EncryptionAlgorithm": SYMMETRIC,
        "KeyMaterialId": opened.key.material_id,
    }


def _re_encrypt(call: Call) -> Document:
    for member in ("SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"):
        call.refuse_algorithm(member)
    if "CiphertextBlob" not in call.members:
        raise InvalidRequest("CiphertextBlob is required.")
    source = (
        call.members.get("SourceKeyId"),
        call["CiphertextBlob"],
        call.context("SourceEncryptionContext"),
    )
    target = (call["DestinationKeyId"], call.context("DestinationEncryptionContext"))
    opened, sealed = kms_crypto.reencrypt(call.core, call.caller, source, target)
    return {
        "CiphertextBlob": _base64(sealed.blob),
        "SourceKeyId": opened.key.arn,
        "KeyId": sealed.key.arn,
        "SourceEncryptionAlgorithm": SYMMETRIC,
        "DestinationEncryptionAlgorithm": SYMMETRIC,
        "SourceKeyMaterialId": opened.key.material_id,
        "DestinationKeyMaterialId": sealed.key.material_id,
    }


def _generate_data_key(call: Call) -> Document:
    plain, told = _data_key(call, "GenerateDataKey")
    return {**told, "Plaintext": _base64(plain)}


def _generate_data_key_without_plaintext(call: Call) -> Document:
    return _data_key(call, "GenerateDataKeyWithoutPlaintext")[1]


def _data_key(call: Call, action: str) -> tuple[bytes, Document]:
    length = kms_crypto.data_key_bytes(call.members.get("KeySpec"), call.members.get("NumberOfBytes"))
    if call.dry_run:
        kms_crypto.check_data_key(*call.subject, action)
    plain, sealed = kms_crypto.data_key(*call.subject, length, call.context(), action=action)
    return plain, {
        "CiphertextBlob": _base64(sealed.blob),
        "KeyId": sealed.key.arn,
        "KeyMaterialId": sealed.key.material_id,
    }


def _generate_random(call: Call) -> Document:
    if "NumberOfBytes" not in call.members:
        raise InvalidRequest("NumberOfBytes is required.")
    return {"Plaintext": _base64(kms_crypto.random(call["NumberOfBytes"]))}


# ------------------------------------------------------------------ aliases


def _create_alias(call: Call) -> None:
    kms_aliases.create(call.core, call.caller, call["AliasName"], call["TargetKeyId"])


def _update_alias(call: Call) -> None:
    kms_aliases.update(call.core, call.caller, call["AliasName"], call["TargetKeyId"])


def _delete_alias(call: Call) -> None:
    kms_aliases.delete(call.core, call.caller, call["AliasName"])


def _list_aliases(call: Call) -> Document:
    arguments = (call.caller.place, call.members.get("KeyId"), call.page())
    found, marker = kms_aliases.list_aliases(call.core, *arguments)
    return _listed("Aliases", [_alias(alias) for alias in found], marker)


# ------------------------------------------------------------------ shapes


def _alias(alias: KeyAlias) -> Document:
    told = {"AliasName": alias.name, "AliasArn": alias.arn}
    if alias.key_id is None:
        return told
    return {
        **told,
        "TargetKeyId": alias.key_id,
        "CreationDate": _seconds(alias.created_ms),
        "LastUpdatedDate": _seconds(alias.updated_ms),
    }


def _listed(member: str, items: Sequence[Any], marker: str | None) -> Document:
    told: Document = {member: items, "Truncated": marker is not None}
    return told if marker is None else {**told, "NextMarker": marker}


def _metadata(key: Key) -> Document:
    told = {
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": _seconds(key.created_ms),
        "Enabled": key.state == "Enabled",
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": key.state,
        "Origin": "AWS_KMS",
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": SYMMETRIC,
        "KeySpec": SYMMETRIC,
        "EncryptionAlgorithms": [SYMMETRIC],
        "MultiRegion": False,
        "CurrentKeyMaterialId": key.material_id,
    }
    return told if key.deletion_ms is None else {**told, "DeletionDate": _seconds(key.deletion_ms)}


def _seconds(ms: int | None) -> float:
    return (ms or 0) / 1000


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


HANDLERS: Mapping[str, Callable[[Call], Document | None]] = {
    "CancelKeyDeletion": _cancel_key_deletion,
    "CreateAlias": _create_alias,
    "CreateKey": _create_key,
    "Decrypt": _decrypt,
    "DeleteAlias": _delete_alias,
    "DescribeKey": _describe_key,
    "DisableKey": _disable_key,
    "DisableKeyRotation": _disable_key_rotation,
    "EnableKey": _enable_key,
    "EnableKeyRotation": _enable_key_rotation,
    "Encrypt": _encrypt,
    "GenerateDataKey": _generate_data_key,
    "GenerateDataKeyWithoutPlaintext": _generate_data_key_without_plaintext,
    "GenerateRandom": _generate_random,
    "GetKeyPolicy": _get_key_policy,
    "GetKeyRotationStatus": _get_key_rotation_status,
    "ListAliases": _list_aliases,
    "ListKeyPolicies": _list_key_policies,
    "ListKeys": _list_keys,
    "ListResourceTags": _list_resource_tags,
    "PutKeyPolicy": _put_key_policy,
    "ReEncrypt": _re_encrypt,
    "ScheduleKeyDeletion": _schedule_key_deletion,
    "TagResource": _tag_resource,
    "UntagResource": _untag_resource,
    "UpdateAlias": _update_alias,
    "UpdateKeyDescription": _update_key_description,
}
"""Synchronous: they touch the store, and run in the thread pool."""
