"""Who may come in: who signs with a key that is known, and no web page. The owner's socket asks nothing."""

from __future__ import annotations

import functools
import hmac
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from lamb.api import body
from lamb.api.services import Callers, Services
from lamb.model import signature
from lamb.model.credentials import ACCOUNT, RoleSession
from lamb.model.errors import (
    AccessDenied,
    ExpiredToken,
    InvalidSignature,
    LambError,
    MissingAuthenticationToken,
    UnrecognizedClient,
)
from lamb.model.limits import CREATE_REQUEST_MAX_BYTES
from lamb.model.names import FunctionKey, Place
from lamb.model.signature import Claim, Message

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Services that are in no region are asked in this one.
_GLOBAL, _OF_GLOBAL = "aws-global", "us-east-1"

_SCRAPED = "/_lamb/metrics"

Scope = Mapping[str, Any]
Headers = Mapping[bytes, bytes]


class Principal(NamedTuple):
    """On whose behalf a request is made."""

    place: Place
    session: RoleSession | None = None
    """The role that was taken on. None: the owner of this home."""
    at_socket: bool = False
    """Whether the request came over the owner's own socket."""

    @property
    def function(self) -> FunctionKey | None:
        """The function whose environment asks."""
        return None if self.session is None else self.session.function

    def require_owner(self) -> None:
        """Raise AccessDenied for everybody else: what AWS has no word for, no policy can allow."""
        if self.session is not None:
            raise AccessDenied(
                f"User: {self.session.arn} is not authorized to perform: lambda:Administer "
                "because no identity-based policy allows the lambda:Administer action"
            )


class Gate(NamedTuple):
    """What one listener demands of a request."""

    callers: Callers
    hosts: frozenset[str] = frozenset()
    """Names besides loopback's that may stand in the Host header."""
    browsers_reach: bool = True
    """False for a Unix socket: nothing that runs in a browser can connect to it."""

    async def admit(
        self, scope: Scope, headers: Headers, receive: body.Receive, services: Services, service: str | None
    ) -> tuple[Principal, body.Receive]:
        """Who asks, and where the body is to be read from; `service`: what the signature must be for.

        A body that is signed has been read and found true when this returns. Raises AccessDenied for pages,
        MissingAuthenticationToken, IncompleteSignature, InvalidSignature, UnrecognizedClient, ExpiredToken.
        """
        self.refuse_pages(headers)
        if self.callers == "owner":
            return Principal(services.place, at_socket=True), receive
        query: bytes = scope["query_string"]
        if self.callers == "anyone":
            return Principal(_stated_place(headers, query, services.place)), receive
        if scope["path"] == _SCRAPED and headers.get(b"authorization", b"").startswith(b"Basic "):
            return await _with_password(headers[b"authorization"], services), receive
        claim = signature.read(headers, query)
        if claim is None:
            raise MissingAuthenticationToken
        now_s = time.time()
        signature.refuse_untimely(claim, now_s)
        signature.refuse_other_scope(claim, service)
        credential = await services.credentials.find(claim.key_id, claim.token)
        if credential.expires_ms is not None and credential.expires_ms <= now_s * 1000:
            raise ExpiredToken
        content = await body.read(receive, CREATE_REQUEST_MAX_BYTES, "requested")
        message = Message(scope["method"], scope["raw_path"], query, headers, content)
        if not signature.is_of(claim, message, credential.secret):
            raise InvalidSignature
        place = Place(credential.account, _region(claim))
        return Principal(place, credential.session), body.again(content, receive)

    def refuse_pages(self, headers: Headers) -> None:
        """AccessDenied for what a browser sends on behalf of somebody else's page.

        A page that had its own name resolve to this machine sends that name as Host; any other page sends its
        Origin.
        """
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


async def _with_password(authorization: bytes, services: Services) -> Principal:
    """Key id and secret as they are; for Prometheus, which cannot sign."""
    try:
        key_id, _, secret = b64decode(authorization[len(b"Basic ") :]).decode().partition(":")
    except ValueError:
        raise UnrecognizedClient from None
    credential = await services.credentials.find(key_id, None)
    if not hmac.compare_digest(secret.encode(), credential.secret.encode()):
        raise UnrecognizedClient
    return Principal(Place(credential.account, services.place.region))


def _stated_place(headers: Headers, query: bytes, otherwise: Place) -> Place:
    """Account and region as an unchecked claim has them."""
    try:
        claim = signature.read(headers, query)
        if claim is None:
            return otherwise
        signature.refuse_other_scope(claim, None)
    except LambError:
        return otherwise
    account = claim.key_id if ACCOUNT.fullmatch(claim.key_id) else otherwise.account
    return Place(account, _region(claim))


def _region(claim: Claim) -> str:
    return _OF_GLOBAL if claim.region == _GLOBAL else claim.region


@functools.lru_cache(maxsize=256)
def _name(url: bytes) -> str:
    """The host of an URL, lower case; remembered, for it is the same one in every request."""
    try:
        return urlsplit(url.decode("latin-1")).hostname or ""
    except ValueError:
        return ""
