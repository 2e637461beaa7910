"""The client's words for layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.client.encoding import encoded
from lamb.client.session import Session
from lamb.client.transport import query, quote

Document = dict[str, Any]

_LAYERS = "/2018-10-31/layers"


class Layers:
    """Every method raises the classes of lamb.model.errors. `name`: a layer's name or ARN."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def publish(self, name: str, body: Mapping[str, Any]) -> Document:
        """PublishLayerVersion: `Content.ZipFile`, `CompatibleRuntimes`, …"""
        content = encoded(body["Content"])
        return self._session.json("POST", _versions(name), {**body, "Content": content})

    def list(self, filters: Mapping[str, str | None]) -> Iterator[Document]:
        """ListLayers, page after page; `CompatibleRuntime`, `CompatibleArchitecture`."""
        return self._session.pages(_LAYERS, "Layers", filters)

    def versions(self, name: str) -> Iterator[Document]:
        """ListLayerVersions, the newest first."""
        return self._session.pages(_versions(name), "LayerVersions")

    def newest(self, name: str) -> int | None:
        """The number of the newest version; None without any."""
        page = self._session.json("GET", _versions(name) + query({"MaxItems": "1"}))
        return next((version["Version"] for version in page["LayerVersions"]), None)

    def get(self, name: str, number: int) -> Document:
        """GetLayerVersion."""
        return self._session.json("GET", f"{_versions(name)}/{number}")

    def delete(self, name: str, number: int) -> None:
        """DeleteLayerVersion; one that is not there is no error."""
        self._session.request("DELETE", f"{_versions(name)}/{number}")


def _versions(name: str) -> str:
    return f"{_LAYERS}/{quote(name)}/versions"
