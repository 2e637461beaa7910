"""The form-encoded protocol of some of AWS's services, with answers in JSON instead of XML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from lamb.client.session import Classes, Session, named
from lamb.client.transport import quote
from lamb.model.errors import LambError

Document = dict[str, Any]

_FORM = {"content-type": "application/x-www-form-urlencoded"}


class Forms(NamedTuple):
    """Requests to one service."""

    session: Session
    version: str
    """The date that the service's requests bear."""
    marker: str
    """What it calls the member that leads to the next page, in requests and answers."""
    classes: Callable[[], Classes]
    """Its errors by code; imported when the first one comes, since only failures pay for them."""

    def ask(self, operation: str, form: Mapping[str, str]) -> Document:
        """The result of an operation, {} without one. Raises one of `classes`, or what it is no class of."""
        whole = {"Action": operation, "Version": self.version, "ContentType": "JSON", **form}
        body = "&".join(f"{quote(name)}={quote(value)}" for name, value in whole.items()).encode()
        try:
            answer = self.session.request("POST", "/", body, _FORM)
        except LambError as error:
            raise named(error, self.classes()) from None
        document = json.loads(answer.body)[f"{operation}Response"]
        return dict(document.get(f"{operation}Result", {}))

    def pages(self, operation: str, member: str, form: Mapping[str, str]) -> Iterator[Any]:
        """The items of a list, page after page."""
        marker: str | None = None
        while True:
            page = self.ask(operation, {**form, **({self.marker: marker} if marker else {})})
            yield from page[member]
            marker = page.get(self.marker)
            if not marker:
                return
