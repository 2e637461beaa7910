"""Function URLs: an HTTP address for a function or one of its aliases (SEMANTICS §24.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from lamb.core import found, pages, permissions
from lamb.core.configuration import refuse_broken_text
from lamb.core.context import Core
from lamb.model.errors import ResourceConflict, ResourceNotFound, ValidationFailure
from lamb.model.function_url import FunctionUrl, UrlChanges, new_id
from lamb.model.names import LATEST, Reference, is_version_number
from lamb.model.permission import INVOKE_ACTION, URL_ACTION
from lamb.model.policy import Ask
from lamb.model.requests import Page
from lamb.store import function_urls as rows
from lamb.store import functions
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow

_NO_FUNCTION = "Function does not exist"
_ALIAS = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
# As recorded: a number is refused with another pattern than everything else.
_NO_NUMBER = r"(^\$LATEST$)|((?!^[0-9]+$)([a-zA-Z0-9-_]+))"


def create(core: Core, ref: Reference, wanted: UrlChanges) -> FunctionUrl:
    """Raises ResourceNotFound, ResourceConflict where there is one, ValidationFailure for a version."""
    _refuse_unusable(ref, wanted)
    with core.database.transaction() as tx:
        function = _function(tx, ref)
        if rows.find(tx, function.id, _label(ref)) is not None:
            # Two blanks: as recorded.
            raise ResourceConflict(
                f"Failed to create function url config for [functionArn = {ref.arn}]. "
                "Error message:  FunctionUrlConfig exists for this Lambda function"
            )
        url = FunctionUrl(
            qualifier=_label(ref),
            id=new_id(),
            auth_type=wanted.auth_type or "NONE",
            created_ms=tx.now_ms,
            last_modified_ms=tx.now_ms,
            invoke_mode=wanted.invoke_mode or "BUFFERED",
            cors=wanted.cors or None,
        )
        rows.put(tx, function.id, url)
    return url


def get(core: Core, ref: Reference) -> FunctionUrl:
    """Raises ResourceNotFound, with the same words for whatever is missing; ValidationFailure."""
    _refuse_qualifier(ref)
    with core.database.reading() as tx:
        function = functions.find(tx, ref.key)
        url = None if function is None else rows.find(tx, function.id, _label(ref))
    if url is None:
        raise ResourceNotFound
    return url


def update(core: Core, ref: Reference, wanted: UrlChanges) -> FunctionUrl:
    """Change what is given. Raises ResourceNotFound, ValidationFailure."""
    _refuse_unusable(ref, wanted)
    with core.database.transaction() as tx:
        function = _function(tx, ref)
        before = rows.find(tx, function.id, _label(ref))
        if before is None:
            raise ResourceNotFound
        url = before._replace(
            auth_type=wanted.auth_type or before.auth_type,
            invoke_mode=wanted.invoke_mode or before.invoke_mode,
            cors=before.cors if wanted.cors is None else wanted.cors or None,
            last_modified_ms=tx.now_ms,
        )
        rows.put(tx, function.id, url)
    return url


def delete(core: Core, ref: Reference) -> None:
    """Raises as `get`."""
    _refuse_qualifier(ref)
    with core.database.transaction() as tx:
        function = functions.find(tx, ref.key)
        if function is None or not rows.delete(tx, function.id, _label(ref)):
            raise ResourceNotFound


def list_urls(core: Core, ref: Reference, page: Page) -> tuple[list[FunctionUrl], str | None]:
    """By qualifier, with the NextMarker. Raises ResourceNotFound."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        function = functions.find(tx, ref.key)
        if function is None:
            raise ResourceNotFound(_NO_FUNCTION)
        urls = rows.page(tx, function.id, after, pages.size(page) + 1)
    return pages.cut(urls, page, lambda url: [url.qualifier])


class Door(NamedTuple):
    """What a URL leads to."""

    reference: Reference
    url: FunctionUrl
    open: bool
    """Whether the resource policy lets everybody in; it is not asked where requests have to be signed."""


def door(core: Core, url_id: str) -> Door | None:
    """None for an id that no URL has."""
    with core.database.reading() as tx:
        there = rows.find_id(tx, url_id)
        if there is None:
            return None
        key, _, url = there
        reference = Reference(key, None if url.qualifier == LATEST else url.qualifier)
        return Door(reference, url, url.auth_type == "NONE" and _lets_everybody_in(tx, reference))


def _lets_everybody_in(tx: Tx, ref: Reference) -> bool:
    """URLs made since October 2025 need both permissions."""
    context = {"lambda:FunctionUrlAuthType": "NONE", "lambda:InvokedViaFunctionUrl": "true"}
    return all(
        permissions.allows(tx, ref, Ask(action, context=context)) for action in (URL_ACTION, INVOKE_ACTION)
    )


def _label(ref: Reference) -> str:
    return ref.qualifier or LATEST


def _function(tx: Tx, ref: Reference) -> FunctionRow:
    function = functions.find(tx, ref.key)
    if function is None:
        raise ResourceNotFound(_NO_FUNCTION)
    if ref.qualifier is not None and found.alias(tx, function, ref.qualifier) is None:
        raise ResourceNotFound(_NO_FUNCTION)
    return function


def _refuse_unusable(ref: Reference, wanted: UrlChanges) -> None:
    _refuse_qualifier(ref)
    refuse_broken_text(wanted)


def _refuse_qualifier(ref: Reference) -> None:
    if ref.qualifier is None:
        return
    pattern = _NO_NUMBER if is_version_number(ref.qualifier) else _ALIAS
    if not re.fullmatch(pattern, ref.qualifier, re.ASCII):
        raise ValidationFailure(
            f"Value '{ref.qualifier}' at 'qualifier' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )
