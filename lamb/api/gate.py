"""Who may come in: a web page may not, a function only with its token. Signatures come later, here."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lamb.api.services import Callers, Services
from lamb.model.errors import AccessDenied, UnrecognizedClient
from lamb.model.names import FunctionKey, Place

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Principal:
    """On whose behalf a request is made."""

    place: Place
    function: FunctionKey | None = None
    """None: the owner of this home."""

    def require_owner(self, operation: str) -> None:
        """Raise AccessDenied for a function: it may invoke, and nothing else."""
        if self.function is not None:
            raise AccessDenied(
                f"User: {self.function.arn} is not authorized to perform: lambda:{operation} "
                f"because no identity-based policy allows the lambda:{operation} action"
            )


@dataclass(frozen=True, slots=True)
class Gate:
    """What one listener demands of a request."""

    callers: Callers
    hosts: frozenset[str] = frozenset()
    """Names besides loopback's that may stand in the Host header."""
    browsers_reach: bool = True
    """False for a Unix socket: nothing that runs in a browser can connect to it."""

    def authenticate(self, headers: Mapping[bytes, bytes], services: Services) -> Principal:
        """The principal of a request (lower-case header names); AccessDenied or UnrecognizedClient."""
        self.refuse_pages(headers)
        if self.callers == "owner":
            return Principal(services.place)
        token = headers.get(b"x-amz-security-token")
        if token is None:
            raise UnrecognizedClient("Missing Authentication Token")
        function = services.function_tokens.get(token.decode("latin-1"))
        if function is None:
            raise UnrecognizedClient
        return Principal(Place(function.account, function.region), function)

    def refuse_pages(self, headers: Mapping[bytes, bytes]) -> None:
        """AccessDenied for what a browser sends on behalf of somebody else's page.

        A page that had its own name resolve to this machine sends that name as Host; any other page
        sends its Origin."""
        if not self.browsers_reach:
            return
        host = _name(b"//" + headers.get(b"host", b""))
        if not self._ours(host):
            raise AccessDenied(f"lamb is not called `{host}`; it answers to localhost")
        origin = headers.get(b"origin")
        foreign = origin is not None and not self._ours(_name(origin))
        # Images, frames and links come without an Origin, but browsers say this of them.
        if foreign or headers.get(b"sec-fetch-site") == b"cross-site":
            raise AccessDenied("Pages of other origins may not call lamb")

    def _ours(self, name: str) -> bool:
        return name in LOOPBACK or name in self.hosts or name.endswith(".localhost")


@functools.lru_cache(maxsize=256)
def _name(url: bytes) -> str:
    """The host of an URL, lower case; remembered, for it is the same one in every request."""
    try:
        return urlsplit(url.decode("latin-1")).hostname or ""
    except ValueError:
        return ""
