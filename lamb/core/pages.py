"""Pages of lists: how many items, and markers that mean nothing to anybody else."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from lamb.model.errors import InvalidParameterValue
from lamb.model.limits import PAGE_MAX
from lamb.model.requests import Page

T = TypeVar("T")


def size(page: Page, most: int = PAGE_MAX) -> int:
    """AWS takes any MaxItems up to 10000 and never gives more than `most`."""
    wanted = most if page.max_items is None else page.max_items
    return max(1, min(wanted, most))


def start(page: Page, first: list[Any]) -> list[Any]:
    """The key to go on after: what `cut` put into the marker, or `first`. Raises InvalidParameterValue."""
    if page.marker is None:
        return first
    try:
        key = json.loads(base64.urlsafe_b64decode(page.marker.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or [_kind(part) for part in key] != [_kind(part) for part in first]:
        raise InvalidParameterValue("The Marker is not one that a list operation has returned")
    return key


def _kind(part: object) -> str:
    """What SQL can be asked to compare."""
    if isinstance(part, str) and part.isascii():
        return "name"
    if type(part) is int and abs(part) < 1 << 31:
        return "number"
    return "neither"


def cut(found: Sequence[T], page: Page, key: Callable[[T], list[Any]]) -> tuple[list[T], str | None]:
    """The page and its NextMarker, of one item more than fits if there are more."""
    return cut_at(found, size(page), key)


def cut_at(found: Sequence[T], most: int, key: Callable[[T], list[Any]]) -> tuple[list[T], str | None]:
    """Likewise, for lists with a size of page that is not Lambda's."""
    items = list(found[:most])
    if len(found) <= len(items):
        return items, None
    return items, marker(key(items[-1]))


def marker(key: list[Any]) -> str:
    """What `start` reads again."""
    text = json.dumps(key, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()
