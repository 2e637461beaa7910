"""Everything that a home shows, to be compared before and after a kill."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import Any
from urllib.parse import quote, urlsplit

from faults.talk import FUNCTIONS, Talk

View = Any
"""What `view` makes of a function: a document, None for none."""
State = dict[str, Any]
"""name → {"versions": {label: document}, "aliases": {name: document}, "tags": {…}}"""


def read(talk: Talk) -> State:
    """The whole home; every package is whole and every variable can be read."""
    functions: State = {}
    for document in _pages(talk, f"{FUNCTIONS}?FunctionVersion=ALL", "Functions"):
        name, label = document["FunctionName"], document["Version"]
        assert "Error" not in document["Environment"], document
        entry = functions.setdefault(name, {"versions": {}, "aliases": {}})
        assert label not in entry["versions"], f"{name}:{label} is there twice"
        entry["versions"][label] = {k: v for k, v in document.items() if k != "RevisionId"}
    for name, entry in functions.items():
        assert "$LATEST" in entry["versions"], f"{name} has versions and no $LATEST"
        for alias in _pages(talk, f"{FUNCTIONS}/{name}/aliases?", "Aliases"):
            assert alias["FunctionVersion"] in entry["versions"], alias
            entry["aliases"][alias["Name"]] = {k: v for k, v in alias.items() if k != "RevisionId"}
        entry["tags"] = talk.json("GET", f"{FUNCTIONS}/{name}").get("Tags", {})
    for sha, (name, label) in packages(functions).items():
        prove_package(talk, sha, f"{FUNCTIONS}/{name}?Qualifier={quote(label)}")
    return functions


def packages(state: State) -> dict[str, tuple[str, str]]:
    """Every CodeSha256, and a version that has it: name and label."""
    return {
        version["CodeSha256"]: (name, label)
        for name, entry in state.items()
        for label, version in entry["versions"].items()
    }


def prove_package(talk: Talk, sha: str, version: str) -> None:
    """The bytes that a version's link leads to are what their name says, and open."""
    location = urlsplit(talk.json("GET", version)["Code"]["Location"])
    data = talk.ask("GET", f"{location.path}?{location.query}")[1]
    assert base64.b64encode(hashlib.sha256(data).digest()).decode() == sha
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def _pages(talk: Talk, path: str, member: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    marker = ""
    while True:
        page = talk.json("GET", path + (f"&Marker={quote(marker)}" if marker else ""))
        items += page[member]
        marker = page.get("NextMarker") or ""
        if not marker:
            return items


def view(entry: State | None) -> View:
    """What an operation is to change of a function: code and variable of each version, aliases, tags."""
    if entry is None:
        return None
    versions = {
        label: (document["CodeSha256"], document["Environment"]["Variables"]["MM"])
        for label, document in entry["versions"].items()
    }
    aliases = {
        name: (alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))
        for name, alias in entry["aliases"].items()
    }
    return {"versions": versions, "aliases": aliases, "tags": entry["tags"]}


def published(state: State) -> dict[tuple[str, str], Any]:
    """What nothing may change: every published version, whole."""
    return {
        (name, label): document
        for name, entry in state.items()
        for label, document in entry["versions"].items()
        if label != "$LATEST"
    }
