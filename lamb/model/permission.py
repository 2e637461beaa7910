"""Permissions: what AddPermission is given, and the statement of a resource policy that it becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from lamb.model.errors import InvalidParameterValue, PolicyLengthExceeded
from lamb.model.limits import POLICY_MAX_BYTES

Statement = dict[str, Any]

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com)", re.ASCII)
_ENTITY = re.compile(
    r"arn:aws[a-zA-Z-]*:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/\S+)", re.ASCII
)
URL_ACTION = "lambda:InvokeFunctionUrl"
INVOKE_ACTION = "lambda:InvokeFunction"


class Permission(NamedTuple):
    """AddPermission: who may do what with a function, version or alias."""

    sid: str
    """Of its own within the policy of one qualifier."""
    action: str
    """`lambda:InvokeFunction`, …, `lambda:*` or `*`."""
    principal: str
    """`*`, an account's 12 digits, a service's name or the ARN of a user or role."""
    source_arn: str | None = None
    source_account: str | None = None
    event_source_token: str | None = None
    url_auth_type: str | None = None
    invoked_via_url: bool | None = None
    organization_id: str | None = None


class ResourcePolicy(NamedTuple):
    """The policy of one qualifier of a function."""

    revision_id: str
    statements: Sequence[Statement]

    @property
    def document(self) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Id": "default", "Statement": list(self.statements)}

    @property
    def text(self) -> str:
        """GetPolicy's `Policy`: the document in JSON."""
        return json.dumps(self.document, separators=(",", ":"), ensure_ascii=False)


def statement(permission: Permission, resource_arn: str) -> Statement:
    """The statement that stands in the policy. Raises InvalidParameterValue for a principal that is none."""
    made: Statement = {
        "Sid": permission.sid,
        "Effect": "Allow",
        "Principal": _principal(permission.principal),
        "Action": permission.action,
        "Resource": resource_arn,
    }
    condition = _condition(permission)
    if condition:
        made["Condition"] = condition
    return made


def refuse_too_long(policy: ResourcePolicy) -> None:
    """Raise PolicyLengthExceeded."""
    size = len(policy.text.encode())
    if size > POLICY_MAX_BYTES:
        raise PolicyLengthExceeded(
            f"The final policy size ({size}) is bigger than the limit ({POLICY_MAX_BYTES})."
        )


def _principal(written: str) -> str | dict[str, str]:
    if written == "*":
        return written
    if _ACCOUNT.fullmatch(written):
        return {"AWS": f"arn:aws:iam::{written}:root"}
    if _ENTITY.fullmatch(written):
        return {"AWS": written}
    if _SERVICE.fullmatch(written):
        return {"Service": written}
    raise InvalidParameterValue(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _condition(permission: Permission) -> dict[str, dict[str, str]]:
    """In the spelling of recorded statements, which is not one for all keys."""
    operators: dict[str, dict[str, str | None]] = {
        "StringEquals": {
            "AWS:SourceAccount": permission.source_account,
            "lambda:FunctionUrlAuthType": permission.url_auth_type,
            "aws:PrincipalOrgID": permission.organization_id,
            "lambda:EventSourceToken": permission.event_source_token,
        },
        "Bool": {
            "lambda:InvokedViaFunctionUrl": None
            if permission.invoked_via_url is None
            else str(permission.invoked_via_url).lower()
        },
        "ArnLike": {"AWS:SourceArn": permission.source_arn},
    }
    given = {
        operator: {key: value for key, value in keys.items() if value is not None}
        for operator, keys in operators.items()
    }
    return {operator: keys for operator, keys in given.items() if keys}
