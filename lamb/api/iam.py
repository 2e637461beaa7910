"""IAM, in its query protocol: roles and managed policies. Documents and errors in IAM's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lamb.api import iam_policies, iam_roles, neighbour_members, query_protocol
from lamb.api.iam_call import Call, Document
from lamb.api.messages import Response
from lamb.api.neighbour import Request
from lamb.model.errors import (
    AccessDenied,
    InvalidParameterValue,
    LambError,
    SerializationFailure,
    UnknownOperation,
    ValidationFailure,
)
from lamb.model.iam_errors import BadRequest

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
# What other parts of lamb raise → what IAM says: its code and status.
_CODES: Mapping[type[LambError], tuple[str, int]] = {
    AccessDenied: ("AccessDenied", 403),
    InvalidParameterValue: (BadRequest.code, 400),
    SerializationFailure: ("MalformedInput", 400),
    UnknownOperation: ("InvalidAction", 400),
    ValidationFailure: (BadRequest.code, 400),
}

# What IAM says of a spelling, instead of the pattern.
_SPELLINGS = {
    **dict.fromkeys(
        ("roleName", "policyName"),
        "It must contain only alphanumeric characters and/or the following: +=,.@_-",
    ),
    "path": "It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    "policyDocument": "It must contain only printable ASCII characters.",
    "assumeRolePolicyDocument": "It must contain only printable ASCII characters.",
}
_MISSPELLED = re.compile(
    r"1 validation error detected: Value at '(\w+)' failed to satisfy constraint: "
    r"Member must satisfy regular expression .*"
)

HANDLERS: Mapping[str, Callable[[Call], Document | None]] = {**iam_roles.HANDLERS, **iam_policies.HANDLERS}
"""Synchronous: they touch the store, and run in the thread pool."""


class Iam:
    """Fulfils `lamb.api.neighbour.Service`."""

    for_functions: frozenset[str] = frozenset()

    async def answer(self, request: Request) -> Response:
        if not request.is_form:
            raise UnknownOperation("IAM speaks the query protocol")
        operation = request.operation
        if operation not in HANDLERS:
            raise UnknownOperation(f"Could not find operation {operation} for version 2010-05-08")
        document = await request.services.run(_carry_out, request)
        if not operation.startswith(("Get", "List")):
            request.services.credentials.forget()
        return query_protocol.answer(
            operation,
            document,
            _NAMESPACE,
            request.request_id,
            as_json=query_protocol.wants_json(request.members),
        )

    def refusal(self, error: LambError, request: Request) -> Response:
        code, status = _CODES.get(type(error), (error.code, error.status))
        message = _spelled(error)
        told = {"Type": "Sender" if status < 500 else "Receiver", "Code": code, "Message": message}
        as_json = query_protocol.wants_json(request.members)
        if as_json and error.hint:
            told["Hint"] = error.hint
        response = query_protocol.refusal(status, told, _NAMESPACE, request.request_id, as_json=as_json)
        response.headers.append((b"x-amzn-errortype", code.encode()))
        return response


SERVICE = Iam()


def _spelled(error: LambError) -> str:
    if type(error) is InvalidParameterValue:
        # Core says it of markers alone.
        return "Invalid Marker."
    found = _MISSPELLED.fullmatch(error.message)
    if found is None or found[1] not in _SPELLINGS:
        return error.message
    return f"The specified value for {found[1]} is invalid. {_SPELLINGS[found[1]]}"


def _carry_out(request: Request) -> Document | None:
    members = neighbour_members.of_form("iam", request.operation, request.members)
    return HANDLERS[request.operation](Call(request.services.core, request.place.account, members))
