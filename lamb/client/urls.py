"""The client's words for function URLs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.client.session import Session
from lamb.client.transport import quote

Document = dict[str, Any]

_FUNCTIONS = "/2021-10-31/functions"


class Urls:
    """`name`: of a function, with `:alias` for one of its aliases. Raises lamb.model.errors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, name: str, body: Mapping[str, Any]) -> Document:
        """CreateFunctionUrlConfig: `AuthType`, `Cors`, …"""
        return self._session.json("POST", f"{_FUNCTIONS}/{quote(name)}/url", body)

    def get(self, name: str) -> Document:
        """GetFunctionUrlConfig."""
        return self._session.json("GET", f"{_FUNCTIONS}/{quote(name)}/url")

    def list(self, name: str) -> Iterator[Document]:
        """ListFunctionUrlConfigs, page after page: the function's and its aliases'."""
        return self._session.pages(f"{_FUNCTIONS}/{quote(name)}/urls", "FunctionUrlConfigs")

    def delete(self, name: str) -> None:
        """DeleteFunctionUrlConfig."""
        self._session.request("DELETE", f"{_FUNCTIONS}/{quote(name)}/url")
