"""Configs of function URLs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lamb.api.messages import Call, Reply
from lamb.core import function_urls
from lamb.model.clock import iso_micro_z
from lamb.model.function_url import FunctionUrl, UrlChanges, host_name
from lamb.model.names import LATEST

_COMPLETE = frozenset({"InvokeMode", "LastModifiedTime"})


def create(call: Call) -> Reply:
    url = function_urls.create(call.core, call.reference(), _wanted(call))
    return Reply(_document(call, url, _COMPLETE & call.members.keys()))


def get(call: Call) -> Reply:
    return Reply(_document(call, function_urls.get(call.core, call.reference()), _COMPLETE))


def update(call: Call) -> Reply:
    url = function_urls.update(call.core, call.reference(), _wanted(call))
    return Reply(_document(call, url, {"LastModifiedTime"} | (_COMPLETE & call.members.keys())))


def delete(call: Call) -> Reply:
    function_urls.delete(call.core, call.reference())
    return Reply(status=204)


def list_all(call: Call) -> Reply:
    found, marker = function_urls.list_urls(call.core, call.reference(), call.page())
    listed = [_document(call, url, _COMPLETE) for url in found]
    return Reply({"FunctionUrlConfigs": listed, **({"NextMarker": marker} if marker else {})})


def _wanted(call: Call) -> UrlChanges:
    return UrlChanges(
        auth_type=call.members.get("AuthType"),
        invoke_mode=call.members.get("InvokeMode"),
        cors=call.members.get("Cors"),
    )


def _document(call: Call, url: FunctionUrl, shown: frozenset[str] | set[str]) -> dict[str, Any]:
    """`shown`: which of the members that not every operation answers."""
    key = call.reference().key
    document: dict[str, Any] = {
        "FunctionUrl": _address(call, url),
        "FunctionArn": key.arn if url.qualifier == LATEST else key.qualified(url.qualifier),
        "AuthType": url.auth_type,
        "CreationTime": iso_micro_z(url.created_ms),
    }
    if url.cors is not None:
        document["Cors"] = dict(url.cors)
    if "LastModifiedTime" in shown:
        document["LastModifiedTime"] = iso_micro_z(url.last_modified_ms)
    if "InvokeMode" in shown:
        document["InvokeMode"] = url.invoke_mode
    return document


def _address(call: Call, url: FunctionUrl) -> str:
    """On the port that the caller has reached us on; on a Unix socket there is none to tell."""
    port = urlsplit(call.base_url).port
    host = host_name(url.id, call.place.region)
    return f"http://{host}:{port}/" if port else f"http://{host}/"
