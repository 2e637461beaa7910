"""Access keys of the owner. Secrets are told on the owner's own socket alone."""

from __future__ import annotations

from typing import Any

from lamb.api.messages import Response, json_response
from lamb.api.own import Ask
from lamb.core import credentials
from lamb.model.clock import iso_z
from lamb.model.credentials import ACCOUNT, AccessKey, Credential
from lamb.model.errors import AccessDenied, InvalidParameterValue


async def list_all(ask: Ask) -> Response:
    found = await ask.services.run(credentials.keys, ask.services.core)
    return json_response({"AccessKeys": [_shown(key) for key in found]})


async def create(ask: Ask) -> Response:
    """`account` (12 digits, the home's if none is given) and `description` are in the query."""
    account = ask.query.get("account", ask.place.account)
    if not ACCOUNT.fullmatch(account):
        raise InvalidParameterValue(f"An account has 12 digits; `{account}` has not")
    return await _told(ask, credentials.create, account, ask.query.get("description", ""))


async def default(ask: Ask) -> Response:
    """The home's own key, made when it is first asked for."""
    return await _told(ask, credentials.default, ask.place.account)


async def delete(ask: Ask) -> Response:
    await ask.services.run(credentials.delete, ask.services.core, ask.params["key"])
    return Response(204)


async def _told(ask: Ask, work: Any, *arguments: str) -> Response:
    if not ask.at_socket:
        raise AccessDenied("lamb tells secrets on its own socket alone: use `lamb keys` or `lamb env`")
    made: Credential = await ask.services.run(work, ask.services.core, *arguments)
    told = {"AccessKeyId": made.key_id, "SecretAccessKey": made.secret, "Account": made.account}
    return json_response({"AccessKey": told}, 201)


def _shown(key: AccessKey) -> dict[str, Any]:
    return {
        "AccessKeyId": key.key_id,
        "Account": key.account,
        "Description": key.description,
        "CreateDate": iso_z(key.created_ms),
        "Default": key.is_default,
    }
