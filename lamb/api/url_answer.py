"""The result of a function → the answer of its URL, by payload format 2.0 (SEMANTICS §24.3)."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from lamb.api.messages import JSON, Headers, Response

# Of one connection, and not the function's to say.
_OURS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "upgrade"}
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_STATUS = range(100, 600)
_BODILESS = frozenset({204, 304})


class Unusable(Exception):
    """The result is no answer"""


def answer(payload: bytes) -> Response:
    """What the caller of the URL gets; 502 for a result that cannot be one."""
    try:
        return _answer(json.loads(payload or b"null"))
    except (Unusable, ValueError):
        return broken()


def broken() -> Response:
    """For a function that failed, and for a result that cannot be used."""
    return Response(502, [JSON], b"Internal Server Error")


def with_headers(response: Response, added: Iterable[tuple[str, str]]) -> Response:
    """In place of the function's own of the same names."""
    told = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in added]
    names = {name for name, _ in told}
    response.headers = [header for header in response.headers if header[0] not in names] + told
    return response


def _answer(result: Any) -> Response:
    if isinstance(result, Mapping) and "statusCode" in result:
        status = _status(result["statusCode"])
        content = b"" if status in _BODILESS else _content(result)
        return Response(status, _headers(result), content)
    return Response(200, [JSON], _text(result))


def _text(value: Any) -> bytes:
    """A text as it is, anything else as compact JSON."""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value).encode("utf-8", "surrogatepass")


def _status(given: Any) -> int:
    """A number, or a text that is one."""
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given)
    if type(given) is not int or given not in _STATUS or given < 200:
        raise Unusable
    return given


def _content(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if result.get("isBase64Encoded") is True and isinstance(body, str):
        return b64decode(body, validate=True)
    return _text(body)


def _headers(result: Mapping[str, Any]) -> Headers:
    given = result.get("headers") or {}
    cookies = result.get("cookies") or []
    if not isinstance(given, Mapping) or not isinstance(cookies, list):
        raise Unusable
    headers = [(name.lower(), _word(value)) for name, value in given.items()]
    told = [(name, value) for name, value in headers if name not in _OURS]
    told += [("set-cookie", _word(cookie)) for cookie in cookies]
    for name, value in told:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Unusable
    if "content-type" not in {name for name, _ in told}:
        told.append(("content-type", "application/json"))
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Unusable
