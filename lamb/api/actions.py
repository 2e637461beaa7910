"""Requests as IAM sees them: which action an operation is, on which resource, in which context.

Source: the service authorization reference of each service, "Actions defined by" and "Resource types".
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from lamb.api.gate import Principal
from lamb.api.services import Services
from lamb.core import authorization
from lamb.model.credentials import RoleSession
from lamb.model.errors import AccessDenied, LambError
from lamb.model.names import Place, Reference, parse_reference
from lamb.model.permission import INVOKE_ACTION, URL_ACTION
from lamb.model.policy import Ask

Members = Mapping[str, Any]

# Operations whose action has another name.
_LAMBDA_ACTIONS = {
    "GetLayerVersionByArn": "GetLayerVersion",
    "Invoke": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}
_ACTIONS = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
# Services whose actions begin with another name than their signatures have for them.
_PREFIXES = {"monitoring": "cloudwatch"}
# About no one function, although they name one.
_OF_NONE = frozenset({"CreateEventSourceMapping", "ListEventSourceMappings"})
# Members that give the value of a condition key.
_LAMBDA_KEYS = {
    "CodeSigningConfigArn": "lambda:CodeSigningConfigArn",
    "FunctionUrlAuthType": "lambda:FunctionUrlAuthType",
    "AuthType": "lambda:FunctionUrlAuthType",
    "Layers": "lambda:Layer",
    "Principal": "lambda:Principal",
}


async def require_invocation(
    services: Services, principal: Principal, reference: Reference, operation: str = "Invoke"
) -> None:
    """Raise AccessDenied unless the caller may run the function, as it is called: qualified or not."""
    session = principal.session
    if session is not None:
        action = f"lambda:{_LAMBDA_ACTIONS.get(operation, operation)}"
        ask = Ask(action, reference.arn, session.arn, context=known_of(session, principal.place))
        try:
            await services.credentials.require(session, ask, by_default=True)
        except AccessDenied:
            if not await services.run(authorization.let_in, services.core, reference, session, ask):
                raise


async def require_url(services: Services, principal: Principal, reference: Reference) -> None:
    """Raise AccessDenied unless the caller may run the function through its URL, which takes two actions."""
    session = principal.session
    if session is None:
        return
    context = known_of(session, principal.place)
    context |= {"lambda:FunctionUrlAuthType": "AWS_IAM", "lambda:InvokedViaFunctionUrl": "true"}
    for action in (URL_ACTION, INVOKE_ACTION):
        ask = Ask(action, reference.arn, session.arn, context=context)
        await services.credentials.require(session, ask, by_default=True)


def of_lambda(principal: Principal, operation: str, members: Members) -> list[Ask]:
    """An operation of Lambda: all that is asked must be allowed."""
    session, place = principal.session, principal.place
    if session is None:
        return []
    context: dict[str, Any] = known_of(session, place)
    for member, key in _LAMBDA_KEYS.items():
        if isinstance(given := members.get(member), str | list):
            context[key] = given if isinstance(given, str) else tuple(map(str, given))
    function = _function(members, place)
    if function is not None and (operation in _OF_NONE or "UUID" in members):
        context["lambda:FunctionArn"] = function
    action = f"lambda:{_LAMBDA_ACTIONS.get(operation, operation)}"
    asks = [Ask(action, _resource(operation, members, place), session.arn, context=context)]
    if isinstance(members.get("Role"), str):
        passed = {**context, "iam:PassedToService": "lambda.amazonaws.com"}
        asks.append(Ask("iam:PassRole", members["Role"], session.arn, context=passed))
    return asks


def of_neighbour(session: RoleSession, place: Place, service: str, operation: str, members: Members) -> Ask:
    """An operation of a service beside Lambda, whose members may be those of a form."""
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    named = _NAMED.get(service, lambda _members, _place: None)(members, place)
    return Ask(_ACTIONS.get(action, action), named or "*", session.arn, context=known_of(session, place))


def known_of(session: RoleSession, place: Place) -> dict[str, str]:
    """What is known of every request of a session."""
    now_s = time.time()
    return {
        "aws:CurrentTime": f"{datetime.fromtimestamp(now_s, timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        "aws:EpochTime": str(int(now_s)),
        "aws:PrincipalArn": session.role_arn,
        "aws:RequestedRegion": place.region,
        "aws:SecureTransport": "false",
        "aws:SourceIp": "127.0.0.1",
        "aws:userid": f"{session.role_id}:{session.name}",
        **{f"aws:PrincipalTag/{key}": value for key, value in session.tags.items()},
    }


# ------------------------------------------------------------------ resources


def _resource(operation: str, members: Members, place: Place) -> str:
    here = f"{place.region}:{place.account}"
    if isinstance(members.get("UUID"), str):
        return f"arn:aws:lambda:{here}:event-source-mapping:{members['UUID']}"
    if isinstance(layer := members.get("LayerName"), str):
        arn = layer if layer.startswith("arn:") else f"arn:aws:lambda:{here}:layer:{layer}"
        return f"{arn}:{members['VersionNumber']}" if "VersionNumber" in members else arn
    for member in ("Resource", "CodeSigningConfigArn", "Arn"):
        if isinstance(given := members.get(member), str) and given.startswith("arn:"):
            return given
    function = None if operation in _OF_NONE else _function(members, place)
    return function or "*"


def _function(members: Members, place: Place) -> str | None:
    """The ARN of the function that is named; None where none is, or none can be called so."""
    name, qualifier = members.get("FunctionName"), members.get("Qualifier")
    if not isinstance(name, str):
        return None
    try:
        return parse_reference(name, place, qualifier if isinstance(qualifier, str) else None).arn
    except LambError:
        return None


def _queue(members: Members, place: Place) -> str | None:
    url, name = members.get("QueueUrl"), members.get("QueueName")
    if isinstance(url, str):
        *_, account, name = ["", *url.rstrip("/").split("/")]
        return f"arn:aws:sqs:{place.region}:{account}:{name}"
    return f"arn:aws:sqs:{place.region}:{place.account}:{name}" if isinstance(name, str) else None


def _topic(members: Members, place: Place) -> str | None:
    for member in ("TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn"):
        if isinstance(arn := members.get(member), str):
            return arn
    name = members.get("Name")
    return f"arn:aws:sns:{place.region}:{place.account}:{name}" if isinstance(name, str) else None


def _log_group(members: Members, place: Place) -> str | None:
    given = members.get("logGroupName") or members.get("logGroupIdentifier") or members.get("resourceArn")
    if not isinstance(given, str):
        return None
    if given.startswith("arn:"):
        return given
    arn = f"arn:aws:logs:{place.region}:{place.account}:log-group:{given}"
    stream = members.get("logStreamName")
    return f"{arn}:log-stream:{stream}" if isinstance(stream, str) else f"{arn}:*"


def _entity(members: Members, place: Place) -> str | None:
    if (
        isinstance(arn := members.get("RoleArn") or members.get("PolicyArn"), str)
        and "RoleName" not in members
    ):
        return arn
    for member, kind in (("RoleName", "role"), ("PolicyName", "policy"), ("UserName", "user")):
        if isinstance(name := members.get(member), str):
            return f"arn:aws:iam::{place.account}:{kind}/{name}"
    return None


def _bus(members: Members, place: Place) -> str | None:
    given = members.get("EventBusName") or "default"
    return (
        given
        if str(given).startswith("arn:")
        else (f"arn:aws:events:{place.region}:{place.account}:event-bus/{given}")
    )


_NAMED = {
    "events": _bus,
    "iam": _entity,
    "logs": _log_group,
    "sns": _topic,
    "sqs": _queue,
    "sts": _entity,
}
