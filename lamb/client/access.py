"""The client's words for ports and for the keys that requests to them are signed with."""

from __future__ import annotations

from typing import Any

from lamb.client.session import Session
from lamb.client.transport import query, quote

Document = dict[str, Any]


class Access:
    """A part of the client."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, account: str | None = None, description: str | None = None) -> Document:
        """A new key of the owner: `AccessKeyId`, `SecretAccessKey`, `Account`. The secret is told once."""
        arguments = query({"account": account, "description": description})
        made: Document = self._session.json("POST", f"/_lamb/keys{arguments}")["AccessKey"]
        return made

    def default(self) -> Document:
        """The home's own key, secret and all; it is made when it is first asked for."""
        made: Document = self._session.json("POST", "/_lamb/keys/default")["AccessKey"]
        return made

    def keys(self) -> list[Document]:
        """`AccessKeyId`, `Account`, `Description`, `CreateDate`, `Default`; the oldest first."""
        found: list[Document] = self._session.json("GET", "/_lamb/keys")["AccessKeys"]
        return found

    def delete(self, key_id: str) -> None:
        """Raises ResourceNotFound."""
        self._session.request("DELETE", f"/_lamb/keys/{quote(key_id)}")

    def ports(self) -> list[Document]:
        """Those that are open: `port`, `url`, and `auth`, which is `sigv4` or `none`."""
        found: list[Document] = self._session.json("GET", "/_lamb/ports")["Ports"]
        return found

    def listen(self, host: str, port: int, *, signed: bool = True) -> Document:
        """Have the daemon answer on a loopback address as well; 0 takes any free port. As `ports` has it."""
        arguments = query({"host": host, "auth": "sigv4" if signed else "none"})
        return self._session.json("POST", f"/_lamb/ports/{port}{arguments}")

    def unlisten(self, port: int) -> None:
        """Close a port that `listen` opened."""
        self._session.request("DELETE", f"/_lamb/ports/{port}")
