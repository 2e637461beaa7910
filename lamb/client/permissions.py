"""The client's words for resource policies of functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lamb.client.session import Session
from lamb.client.transport import query, quote

Document = dict[str, Any]
Statements = list[Document]

_FUNCTIONS = "/2015-03-31/functions"


class Permissions:
    """Bodies are AWS's own JSON members. Every method raises the classes of lamb.model.errors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, name: str, body: Mapping[str, Any]) -> Document:
        """AddPermission: `StatementId`, `Action`, `Principal`, `SourceArn`, …; the statement."""
        answer = self._session.json("POST", f"{_FUNCTIONS}/{quote(name)}/policy", body)
        statement: Document = json.loads(answer["Statement"])
        return statement

    def list(self, name: str) -> Statements:
        """GetPolicy: its statements."""
        answer = self._session.json("GET", f"{_FUNCTIONS}/{quote(name)}/policy")
        statements: Statements = json.loads(answer["Policy"])["Statement"]
        return statements

    def remove(self, name: str, sid: str, revision_id: str | None = None) -> None:
        """RemovePermission."""
        guard = query({"RevisionId": revision_id})
        self._session.request("DELETE", f"{_FUNCTIONS}/{quote(name)}/policy/{quote(sid)}{guard}")
