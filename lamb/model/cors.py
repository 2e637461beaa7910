"""CORS of a function URL: what is said to a browser whose page has another origin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Headers = list[tuple[str, str]]

_LISTS = {
    "AllowMethods": "access-control-allow-methods",
    "AllowHeaders": "access-control-allow-headers",
}


def preflight(cors: Mapping[str, Any], origin: str | None) -> Headers:
    """The answer to a browser that asks first; `cors`: with the keys of AWS's Cors."""
    headers = answer(cors, origin)
    if not headers:
        return []
    for member, name in _LISTS.items():
        if cors.get(member):
            headers.append((name, ",".join(cors[member])))
    if "MaxAge" in cors:
        headers.append(("access-control-max-age", str(cors["MaxAge"])))
    return headers


def answer(cors: Mapping[str, Any], origin: str | None) -> Headers:
    """What is added to the answer of a function; nothing for an origin that is not allowed."""
    allowed = cors.get("AllowOrigins", ())
    if origin is None or not ("*" in allowed or origin in allowed):
        return []
    if "*" in allowed:
        headers = [("access-control-allow-origin", "*")]
    else:
        headers = [("access-control-allow-origin", origin), ("vary", "Origin")]
    if cors.get("AllowCredentials"):
        headers.append(("access-control-allow-credentials", "true"))
    if cors.get("ExposeHeaders"):
        headers.append(("access-control-expose-headers", ",".join(cors["ExposeHeaders"])))
    return headers
