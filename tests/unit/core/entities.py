"""Roles and managed policies in a control plane, with the arguments that most tests want."""

from __future__ import annotations

import json
from typing import Any

from unit.core.plane import PLACE, Plane

from lamb.core import managed_policies, roles
from lamb.model.iam import ManagedPolicy, Role

ACCOUNT = PLACE.account
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def trust(**principal: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": principal or {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allowing(action: str = "sqs:SendMessage", resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(plane: Plane, name: str = "r", tags: Any = (), **members: Any) -> Role:
    wanted: dict[str, Any] = {
        "account": ACCOUNT,
        "name": name,
        "path": "/",
        "id": "",
        "trust": trust(),
        "description": None,
        "max_session_s": 3600,
        "boundary_arn": None,
        "tags": {},
        "created_ms": 0,
        **members,
    }
    return roles.create(plane.core, Role(**wanted), tags)


def make_policy(plane: Plane, name: str = "p", document: str = "", tags: Any = (), path: str = "/") -> str:
    """Its ARN."""
    wanted = ManagedPolicy(ACCOUNT, name, path, "", None, {}, 0, 0, 0)
    return managed_policies.create(plane.core, wanted, document or allowing(), tags).policy.arn
