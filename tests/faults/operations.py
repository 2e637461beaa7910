"""What a daemon is killed in the middle of, and what each is to change if it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faults.book import View
from faults.talk import FUNCTIONS, Talk, code_sha256

NEXT = "3"
"""The version number that comes after those of `_two_versions`."""


@dataclass(frozen=True)
class Operation:
    """`prepare` makes the function `name` as it is before, `act` is one request, `effect` what that does."""

    name: str
    prepare: Callable[[Talk, str], None]
    act: Callable[[Talk, str], Any]
    effect: Callable[[str, View], View]


def _nothing(talk: Talk, name: str) -> None:
    """No function yet."""


def _two_versions(talk: Talk, name: str) -> None:
    """Versions 1 and 2, the alias `live` that went from 1 to 2, and unpublished changes."""
    talk.create(name, f"{name} one", "secret one")
    talk.settle(name)
    talk.json("POST", f"{FUNCTIONS}/{name}/aliases", {"Name": "live", "FunctionVersion": "1"})
    talk.update(name, f"{name} two", publish=True)
    talk.settle(name)
    talk.json("PUT", f"{FUNCTIONS}/{name}/aliases/live", {"FunctionVersion": "2"})
    talk.configure(name, "secret two")
    talk.settle(name)


def _create(talk: Talk, name: str) -> None:
    talk.create(name, f"{name} one", "secret one")


def _created(name: str, _was: View) -> View:
    version = (code_sha256(f"{name} one"), "secret one")
    return {"versions": {"$LATEST": version, "1": version}, "aliases": {}, "tags": {}}


def _updated(name: str, was: View) -> View:
    version = (code_sha256(f"{name} three"), "secret two")
    return _with(was, "versions", {"$LATEST": version, NEXT: version})


def _configured(_name: str, was: View) -> View:
    return _with(was, "versions", {"$LATEST": (was["versions"]["$LATEST"][0], "secret three")})


def _published(_name: str, was: View) -> View:
    return _with(was, "versions", {NEXT: was["versions"]["$LATEST"]})


def _version_deleted(_name: str, was: View) -> View:
    return {**was, "versions": {label: v for label, v in was["versions"].items() if label != "1"}}


def _pointing(version: str, weights: dict[str, float]) -> Callable[[str, View], View]:
    return lambda _name, was: _with(was, "aliases", {"live": (version, weights)})


def _with(was: View, part: str, changed: dict[str, Any]) -> View:
    return {**was, part: {**was[part], **changed}}


def _unchanged(_name: str, was: View) -> View:
    return was


def _route(talk: Talk, name: str) -> None:
    weights = {"AdditionalVersionWeights": {"1": 0.25}}
    talk.json("PUT", f"{FUNCTIONS}/{name}/aliases/live", {"FunctionVersion": "2", "RoutingConfig": weights})


def _tag(talk: Talk, name: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    talk.json("POST", f"/2017-03-31/tags/{arn}", {"Tags": {"team": "blue"}})


OPERATIONS = (
    Operation("create", _nothing, _create, _created),
    Operation("update", _two_versions, lambda t, n: t.update(n, f"{n} three", publish=True), _updated),
    Operation("configure", _two_versions, lambda t, n: t.configure(n, "secret three"), _configured),
    Operation("publish", _two_versions, lambda t, n: t.publish(n), _published),
    Operation("alias", _two_versions, _route, _pointing("2", {"1": 0.25})),
    Operation(
        "rollback",
        _two_versions,
        lambda t, n: t.json("POST", f"/_lamb/functions/{n}/aliases/live/rollback"),
        _pointing("1", {}),
    ),
    Operation("rotate", _two_versions, lambda t, _: t.json("POST", "/_lamb/key/rotate"), _unchanged),
    Operation("tag", _two_versions, _tag, lambda _name, was: {**was, "tags": {"team": "blue"}}),
    Operation(
        "delete-version",
        _two_versions,
        lambda t, n: t.json("DELETE", f"{FUNCTIONS}/{n}?Qualifier=1"),
        _version_deleted,
    ),
    Operation("delete", _two_versions, lambda t, n: t.json("DELETE", f"{FUNCTIONS}/{n}"), lambda *_: None),
    Operation("invoke", _two_versions, lambda t, n: t.invoke(n, {"n": n}), _unchanged),
)
