"""Runtime management configs of `$LATEST` and of versions."""

from __future__ import annotations

from typing import Any

from lamb.api.messages import Call, Reply
from lamb.core import runtime_management
from lamb.model.requests import RuntimeManagement


def get(call: Call) -> Reply:
    return Reply(_document(call, runtime_management.get(call.core, call.reference())))


def put(call: Call) -> Reply:
    wanted = RuntimeManagement(call.members["UpdateRuntimeOn"], call.members.get("RuntimeVersionArn"))
    return Reply(_document(call, runtime_management.put(call.core, call.reference(), wanted)))


def _document(call: Call, management: RuntimeManagement) -> dict[str, Any]:
    document = {"UpdateRuntimeOn": management.update_on, "FunctionArn": call.reference().arn}
    if management.runtime_version_arn is not None:
        document["RuntimeVersionArn"] = management.runtime_version_arn
    return document
