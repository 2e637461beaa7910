"""STS, in its query protocol: who is asking, and sessions of roles. Documents and errors in STS's words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from lamb.api import callers, neighbour_members, query_protocol
from lamb.api.iam_call import Document, moment
from lamb.api.members import Members
from lamb.api.messages import Response
from lamb.api.neighbour import Request
from lamb.core import sts
from lamb.core.sts import Wish
from lamb.model.errors import (
    AccessDenied,
    LambError,
    SerializationFailure,
    UnknownOperation,
    ValidationFailure,
)

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
# What other parts of lamb raise → what STS says: its code and status.
_CODES: Mapping[type[LambError], tuple[str, int]] = {
    AccessDenied: ("AccessDenied", 403),
    SerializationFailure: ("MalformedInput", 400),
    UnknownOperation: ("InvalidAction", 400),
    ValidationFailure: ("ValidationError", 400),
}
# API reference, AssumeRole: "By default, the value is set to 3600 seconds."
_DURATION_S = 3600


class Sts:
    """Fulfils `lamb.api.neighbour.Service`."""

    for_functions = frozenset({"GetCallerIdentity"})

    async def answer(self, request: Request) -> Response:
        if not request.is_form:
            raise UnknownOperation("STS speaks the query protocol")
        operation = request.operation
        handler = HANDLERS.get(operation)
        if handler is None:
            raise UnknownOperation(f"Could not find operation {operation} for version 2011-06-15")
        members = neighbour_members.of_form("sts", operation, request.members)
        document = await handler(request, members)
        as_json = query_protocol.wants_json(request.members)
        return query_protocol.answer(operation, document, _NAMESPACE, request.request_id, as_json=as_json)

    def refusal(self, error: LambError, request: Request) -> Response:
        code, status = _CODES.get(type(error), (error.code, error.status))
        told = {"Type": "Sender" if status < 500 else "Receiver", "Code": code, "Message": error.message}
        as_json = query_protocol.wants_json(request.members)
        response = query_protocol.refusal(status, told, _NAMESPACE, request.request_id, as_json=as_json)
        response.headers.append((b"x-amzn-errortype", code.encode()))
        return response


SERVICE = Sts()


async def _get_caller_identity(request: Request, _: Members) -> Document:
    caller = await callers.of(request)
    return {"UserId": caller.user_id, "Account": request.place.account, "Arn": caller.arn}


async def _assume_role(request: Request, members: Members) -> Document:
    caller = await callers.of(request)
    wish = Wish(
        role_arn=members["RoleArn"],
        session_name=members["RoleSessionName"],
        duration_s=members.get("DurationSeconds", _DURATION_S),
        policy=members.get("Policy"),
        policy_arns=[policy["arn"] for policy in members.get("PolicyArns", []) if "arn" in policy],
        external_id=members.get("ExternalId"),
        source_identity=members.get("SourceIdentity"),
        tags=[(tag["Key"], tag["Value"]) for tag in members.get("Tags", [])],
        transitive=members.get("TransitiveTagKeys", []),
    )
    assumed = await request.services.run(sts.assume, request.services.core, caller.arn, wish)
    given = assumed.credential
    return {
        "Credentials": {
            "AccessKeyId": given.key_id,
            "SecretAccessKey": given.secret,
            "SessionToken": given.token,
            "Expiration": moment(given.expires_ms or 0),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{assumed.role.id}:{wish.session_name}",
            "Arn": assumed.session.arn,
        },
        "PackedPolicySize": assumed.packed_percent,
        "SourceIdentity": assumed.source_identity,
    }


HANDLERS: Mapping[str, Callable[[Request, Members], Awaitable[Document]]] = {
    "AssumeRole": _assume_role,
    "GetCallerIdentity": _get_caller_identity,
}
