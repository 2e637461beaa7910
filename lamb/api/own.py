"""What AWS has no word for: the routes under /_lamb."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from lamb.api import shapes
from lamb.api.messages import Response, json_response
from lamb.api.services import LogQuery, Port, Services
from lamb.core import aliases, functions, keys, layers, mappings, queues, roles, topics, versions
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, KMSAccessDenied
from lamb.model.layer import LayerFilter
from lamb.model.names import Place, Reference, parse_reference
from lamb.model.requests import Page

_WAIT_MAX_S = 60.0
TEXT = (b"content-type", b"text/plain; charset=utf-8")
NDJSON = (b"content-type", b"application/x-ndjson")


class Ask(NamedTuple):
    """A request to one of lamb's own routes."""

    services: Services
    place: Place
    params: Mapping[str, str]
    query: Mapping[str, str]
    at_socket: bool = False
    """Whether the request came over the owner's own socket."""

    def reference(self) -> Reference:
        return parse_reference(self.params["function"], self.place)

    def argument(self, name: str) -> int | None:
        """A number of the query; None when it is missing."""
        text = self.query.get(name)
        return None if text is None else _whole_number(name, text)

    def port(self) -> int:
        return _whole_number("port", self.params["port"])


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidParameterValue(f"{name} must be a whole number")
    return int(text)


async def health(ask: Ask) -> Response:
    return json_response(dict(ask.services.health()))


async def stop(ask: Ask) -> Response:
    ask.services.stop()
    return json_response({}, 202)


async def listen(ask: Ask) -> Response:
    """Open a TCP port for boto3 and the like; 0 takes any free one."""
    if ask.query.get("host", "127.0.0.1") not in ("127.0.0.1", "localhost"):
        raise InvalidParameterValue("lamb listens on 127.0.0.1 only")
    if ask.query.get("auth", "sigv4") not in ("sigv4", "none"):
        raise InvalidParameterValue("auth is sigv4 or none")
    port = await ask.services.listen(ask.port(), signed=ask.query.get("auth") != "none")
    return json_response(_port(port), 201)


async def ports(ask: Ask) -> Response:
    return json_response({"Ports": [_port(port) for port in ask.services.ports()]})


def _port(port: Port) -> dict[str, object]:
    auth = "sigv4" if port.signed else "none"
    return {"port": port.number, "url": f"http://127.0.0.1:{port.number}", "auth": auth}


async def unlisten(ask: Ask) -> Response:
    await ask.services.unlisten(ask.port())
    return Response(204)


async def cancel(ask: Ask) -> Response:
    return json_response({"Cancelled": ask.services.cancel(ask.params["id"])})


async def runtimes(ask: Ask) -> Response:
    return json_response({"Runtimes": await ask.services.runtimes()})


async def doctor(ask: Ask) -> Response:
    return json_response(dict(await ask.services.doctor()))


async def key(ask: Ask) -> Response:
    return json_response(await ask.services.run(keys.show, ask.services.core))


async def rotate_key(ask: Ask) -> Response:
    return json_response(await ask.services.run(keys.rotate, ask.services.core))


async def settled(ask: Ask) -> Response:
    """Wait for at most `timeout_ms` until nothing is Pending or InProgress."""
    wanted_ms = ask.argument("timeout_ms")
    timeout_s = _WAIT_MAX_S if wanted_ms is None else min(wanted_ms / 1000, _WAIT_MAX_S)
    return json_response({"Settled": await ask.services.settled(ask.reference(), timeout_s)})


async def environment(ask: Ask) -> Response:
    view = await ask.services.run(functions.get, ask.services.core, ask.reference())
    if view.version.variables_error is not None:
        raise KMSAccessDenied(view.version.variables_error)
    return json_response({"Variables": dict(view.version.variables or {})})


async def rollback(ask: Ask) -> Response:
    alias = await ask.services.run(
        aliases.rollback, ask.services.core, ask.reference().key, ask.params["name"]
    )
    return json_response(shapes.alias(alias))


async def logs(ask: Ask) -> Response:
    """Log entries as lines of JSON; while following, they come as they are written."""
    query = LogQuery(
        follow=ask.query.get("follow") == "1",
        since_ms=ask.argument("since_ms"),
        request_id=ask.query.get("request_id"),
        grep=ask.query.get("grep"),
    )
    reference = ask.reference()
    # A name that was never a function is an error, not an empty log.
    await ask.services.run(functions.get, ask.services.core, reference)
    return Response(200, [NDJSON], stream=_lines(ask.services, reference, query))


async def _lines(services: Services, reference: Reference, query: LogQuery) -> AsyncIterator[bytes]:
    async for entry in services.logs(reference, query):
        if not entry:
            continue
        yield json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


async def complete(ask: Ask) -> Response:
    """Names for the shell's completion, one a line."""
    kind = ask.query.get("kind")
    names: list[str]
    if kind == "runtimes":
        names = [entry["name"] for entry in await ask.services.runtimes() if entry["path"]]
    elif kind == "functions":
        names = await ask.services.run(_function_names, ask.services.core, ask.place)
    elif kind == "topics":
        names = await ask.services.run(_topic_names, ask.services.core, ask.place)
    elif kind == "layers":
        names = await ask.services.run(_layer_names, ask.services.core, ask.place)
    elif kind == "queues":
        names = await ask.services.run(queues.names, ask.services.core, ask.place)
    elif kind == "roles":
        names = await ask.services.run(roles.names, ask.services.core, ask.place)
    elif kind == "mappings":
        names = await ask.services.run(mappings.uuids, ask.services.core, ask.place)
    elif kind in ("versions", "aliases"):
        reference = parse_reference(ask.query.get("function", ""), ask.place)
        list_names = _version_names if kind == "versions" else _alias_names
        names = await ask.services.run(list_names, ask.services.core, reference)
    else:
        raise InvalidParameterValue(
            "kind must be functions, versions, aliases, layers, queues, topics, mappings, roles or runtimes"
        )
    return Response(200, [TEXT], "".join(f"{name}\n" for name in names).encode())


def _function_names(core: Core, place: Place) -> list[str]:
    names: list[str] = []
    marker: str | None = None
    while True:
        found, marker = functions.list_functions(core, place, Page(marker), all_versions=False)
        names += [version.key.name for version in found]
        if marker is None:
            return names


def _topic_names(core: Core, place: Place) -> list[str]:
    names: list[str] = []
    token: str | None = None
    while True:
        found, token = topics.list_topics(core, place, token)
        names += [key.name for key in found]
        if token is None:
            return names


def _layer_names(core: Core, place: Place) -> list[str]:
    names: list[str] = []
    marker: str | None = None
    while True:
        found, marker = layers.list_layers(core, place, Page(marker), LayerFilter())
        names += [version.key.name for version in found]
        if marker is None:
            return names


def _version_names(core: Core, reference: Reference) -> list[str]:
    names: list[str] = []
    marker: str | None = None
    while True:
        found, marker = versions.list_versions(core, reference, Page(marker))
        names += [version.label for version in found]
        if marker is None:
            return names


def _alias_names(core: Core, reference: Reference) -> list[str]:
    names: list[str] = []
    marker: str | None = None
    while True:
        found, marker = aliases.list_aliases(core, reference.key, Page(marker), version=None)
        names += [alias.name for alias in found]
        if marker is None:
            return names
