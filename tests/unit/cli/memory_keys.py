"""Ports and access keys of a daemon that answers from memory."""

from __future__ import annotations

from typing import Any

from lamb.model.errors import ResourceNotFound

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class MemoryAccess:
    """One key, and no port until one is opened."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        self.opened: list[dict[str, Any]] = []
        self.ids = [KEY]

    def create(self, account: str | None = None, description: str | None = None) -> dict[str, Any]:
        self.said.append(("create", account, description))
        return {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Account": account or "123456789012"}

    def default(self) -> dict[str, Any]:
        return {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Account": "123456789012"}

    def keys(self) -> list[dict[str, Any]]:
        told = {"Account": "123456789012", "Description": "mine", "CreateDate": "2026-01-02T03:04:05.678Z"}
        return [{"AccessKeyId": key, **told, "Default": True} for key in self.ids]

    def delete(self, key_id: str) -> None:
        if key_id not in self.ids:
            raise ResourceNotFound(f"The Access Key with id {key_id} cannot be found.")
        self.ids.remove(key_id)

    def ports(self) -> list[dict[str, Any]]:
        return self.opened

    def listen(self, host: str, port: int, *, signed: bool = True) -> dict[str, Any]:
        self.said.append(("listen", host, port, signed))
        number = port or 4566 + len(self.opened)
        auth = "sigv4" if signed else "none"
        self.opened.append({"port": number, "url": f"http://127.0.0.1:{number}", "auth": auth})
        return self.opened[-1]
