"""Bytes on their way into JSON."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any


def base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def encoded(code: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same members with `ZipFile` in base64."""
    zipped = code.get("ZipFile")
    return {**code, "ZipFile": base64(zipped)} if isinstance(zipped, bytes) else code
