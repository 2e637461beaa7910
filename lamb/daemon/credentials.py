"""Credentials at hand: those that environments were given, and those of keys and sessions, once found."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lamb.core import authorization, credentials
from lamb.core.authorization import Rights
from lamb.core.context import Core
from lamb.engine.launch import Identity
from lamb.model.credentials import ACCOUNT, Credential, RoleSession
from lamb.model.errors import UnrecognizedClient
from lamb.model.invocation import Target
from lamb.model.policy import Ask

# What functions reach on the listener that is theirs.
_FOR_FUNCTIONS = ("CLOUDWATCH", "CLOUDWATCH_LOGS", "IAM", "KMS", "LAMBDA", "SNS", "SQS", "STS")
# Sessions come and go; what is remembered of them is bounded.
_MOST = 10_000


class Credentials:
    """Implements `lamb.api.services.Credentials`. Lives on the event loop."""

    def __init__(self, core: Core, run: Callable[..., Awaitable[Any]]) -> None:
        """`run` calls a function in the pool."""
        self.port = 0
        """Where functions reach lamb."""
        self.elsewhere: Mapping[str, str] = {}
        """Variables that name where other services are, those that lamb does not answer among them."""
        self._core = core
        self._run = run
        self._given: dict[str, Credential] = {}
        self._known: dict[tuple[str, str | None], Credential] = {}
        self._rights: dict[str, Rights] = {}
        self._changes = 0

    def identify(self, target: Target) -> Identity:
        """Credentials for an environment, good while it lives, and where they are of use."""
        session = RoleSession(target.configuration.role, target.key.name, function=target.key)
        key_id, secret = credentials.new_key_id("ASIA"), credentials.new_secret()
        token = secrets.token_urlsafe(48)
        self._given[key_id] = Credential(key_id, secret, target.key.account, token, session)
        variables = {
            "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
        }
        if target.configuration.network == "host":
            here = f"http://127.0.0.1:{self.port}"
            variables.update({f"AWS_ENDPOINT_URL_{service}": here for service in _FOR_FUNCTIONS})
            variables.update(self.elsewhere)
        return Identity(variables, lambda: self._revoke(key_id))

    async def find(self, key_id: str, token: str | None) -> Credential:
        given = self._given.get(key_id)
        if given is not None:
            if given.token is None or not hmac.compare_digest(given.token.encode(), (token or "").encode()):
                raise UnrecognizedClient
            return given
        known = self._known.get((key_id, token))
        if known is not None:
            return known
        before = self._changes
        found: Credential
        if token is not None:
            found = await self._run(credentials.of_token, self._core, key_id, token)
        elif ACCOUNT.fullmatch(key_id):
            found = await self._run(credentials.of_account, self._core, key_id)
        else:
            found = await self._run(credentials.of_key, self._core, key_id)
        if self._changes == before:  # else it may be gone already
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key_id, token] = found
        return found

    async def require(self, session: RoleSession, ask: Ask, *, by_default: bool) -> None:
        rights = self._rights.get(session.role_arn)
        if rights is None:
            before = self._changes
            rights = await self._run(authorization.rights, self._core, session.role_arn)
            if self._changes == before:
                if len(self._rights) >= _MOST:
                    self._rights.clear()
                self._rights[session.role_arn] = rights
        authorization.require(rights, session, ask, by_default=by_default)

    def forget(self) -> None:
        """Keys, what seals them, or the policies of roles have changed."""
        self._changes += 1
        self._known.clear()
        self._rights.clear()

    def _revoke(self, key_id: str) -> None:
        self._given.pop(key_id, None)
