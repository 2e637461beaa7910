"""Layers: how they are named, and what one version of one is."""

from __future__ import annotations

import re
from typing import NamedTuple

from lamb.model.names import Place

_SPELLING = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:)?"
    r"(?P<name>[a-zA-Z0-9-_]{1,140})(?::(?P<number>[0-9]{1,9}))?"
)


class LayerKey(NamedTuple):
    """One layer: its account, region and bare name."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{self.name}"

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)

    def version_arn(self, number: int) -> str:
        return f"{self.arn}:{number}"


class LayerVersion(NamedTuple):
    """What PublishLayerVersion made; nothing of it ever changes, but for its policy."""

    key: LayerKey
    number: int
    """From 1 upwards, never given twice."""
    created_ms: int
    code_sha256: str
    """Standard base64 of the SHA-256 of the zip's bytes."""
    code_size: int
    """Bytes of the zip."""
    unzipped_size: int
    """Bytes of all its files."""
    description: str = ""
    license_info: str | None = None
    runtimes: tuple[str, ...] | None = None
    """CompatibleRuntimes; None when none were given."""
    architectures: tuple[str, ...] | None = None

    @property
    def arn(self) -> str:
        return self.key.version_arn(self.number)


class LayerFilter(NamedTuple):
    """Which versions a list shows: those that name this runtime and this architecture."""

    runtime: str | None = None
    architecture: str | None = None


class LayerPublication(NamedTuple):
    """PublishLayerVersion."""

    zip: bytes | None
    description: str = ""
    license_info: str | None = None
    runtimes: tuple[str, ...] | None = None
    architectures: tuple[str, ...] | None = None
    uploaded: bool = True
    """In the request itself, and not from a bucket."""


def parse_layer(text: str, place: Place) -> LayerKey:
    """The layer that a name, or the ARN of a layer, stands for; the API has checked its spelling."""
    key, _ = _parts(text, place)
    return key


def parse_version(arn: str) -> tuple[LayerKey, int] | None:
    """The layer and the number of a version's ARN; None for one that no layer here can have."""
    key, number = _parts(arn, Place("", ""))
    return None if number is None or not key.account else (key, number)


def _parts(text: str, place: Place) -> tuple[LayerKey, int | None]:
    found = _SPELLING.fullmatch(text)
    if found is None:
        return LayerKey("", "", text), None
    key = LayerKey(found["account"] or place.account, found["region"] or place.region, found["name"])
    return key, None if found["number"] is None else int(found["number"])
