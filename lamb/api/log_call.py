"""One request to CloudWatch Logs: its members, the group it names, and where a list goes on."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from lamb.api import neighbour_members
from lamb.api.neighbour import Request
from lamb.api.services import Logbook
from lamb.logs.journal import Group
from lamb.model.log_errors import GroupNotFound, InvalidParameter

Document = dict[str, Any]

_ARN = re.compile(
    r"arn:aws[a-z-]*:logs:(?P<region>[^:]*):(?P<account>[^:]*):log-group:(?P<name>[^:*]+)(?::\*)?"
)


class Call:
    """Raises SerializationFailure and ValidationFailure for what the shapes of the request forbid."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.members = neighbour_members.of_document("logs", request.operation, request.members)

    @property
    def logbook(self) -> Logbook:
        return self.request.services.logbook

    def group(self) -> Group:
        """What `logGroupName` names, there or not."""
        return self._here(self.members["logGroupName"])

    def group_or_identifier(self) -> Group:
        """Either of the two ways to name a group. Raises InvalidParameter for none and for both."""
        name, identifier = self.members.get("logGroupName"), self.members.get("logGroupIdentifier")
        if name is not None and identifier is None:
            return self._here(name)
        if identifier is None or name is not None:
            raise InvalidParameter(
                "Either logGroupName or logGroupIdentifier must be specified, but not both."
            )
        return self.named(identifier)

    def tagged(self) -> Group:
        """What `resourceArn`, or in older operations `logGroupName`, names."""
        if "resourceArn" in self.members:
            return self.named(self.members["resourceArn"])
        return self.group()

    def named(self, identifier: str) -> Group:
        """A name, or an ARN, with `:*` behind it or without. Raises GroupNotFound for one of elsewhere."""
        if not identifier.startswith("arn:"):
            return self._here(identifier)
        arn, place = _ARN.fullmatch(identifier), self.request.place
        if arn is None or (arn["account"], arn["region"]) != (place.account, place.region):
            raise GroupNotFound
        return self._here(arn["name"])

    def _here(self, name: str) -> Group:
        place = self.request.place
        return Group(place.account, place.region, name)


def page_token(key: list[Any]) -> str:
    """What `start_after` reads again."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode()


def start_after(token: str | None, first: list[Any]) -> list[Any]:
    """The key to go on after; `first` without a token. Raises InvalidParameter."""
    if token is None:
        return first
    try:
        key = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or [type(part) for part in key] != [type(part) for part in first]:
        raise InvalidParameter("The specified nextToken is invalid.")
    return key
