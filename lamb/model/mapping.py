"""Event source mappings: what reads a queue or a stream and gives a function batches of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lamb.model.names import Place, Reference

_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):event-source-mapping:(?P<uuid>[0-9a-fA-F-]{36})",
    re.ASCII,
)

# The states that pass by themselves; in the meantime a mapping can be neither changed nor deleted.
CREATING, UPDATING, ENABLING, DISABLING, DELETING = (
    "Creating", "Updating", "Enabling", "Disabling", "Deleting",
)  # fmt: skip
ENABLED, DISABLED = "Enabled", "Disabled"
SETTLED = frozenset({ENABLED, DISABLED})


class MappingKey(NamedTuple):
    """One event source mapping: its account, region and UUID."""

    account: str
    region: str
    uuid: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"


class EventSourceMapping(NamedTuple):
    key: MappingKey
    function: Reference
    """As the mapping was given it; the function, version or alias may be gone since."""
    source_arn: str | None
    """None for a Kafka cluster of one's own, which the settings name."""
    enabled: bool
    """What it is once it has settled."""
    state: str
    settings: Mapping[str, Any]
    """The other members, defaults among them, in AWS's names and shapes."""
    tags: Mapping[str, str] = {}
    last_modified_ms: int = 0
    last_result: str | None = None
    """LastProcessingResult: what the last batch came to."""
    number: int = 0
    """The order in which they were made."""

    @property
    def settled(self) -> bool:
        return self.state in SETTLED


class MappingRequest(NamedTuple):
    """Create- and UpdateEventSourceMapping."""

    function: str | None
    """As written: a bare name, partial ARN or ARN. None in an update that leaves it alone."""
    settings: Mapping[str, Any]
    """Those members that are given, in AWS's names and shapes."""
    source_arn: str | None = None
    enabled: bool | None = None
    tags: Mapping[str, str] = {}


class SourceLook(NamedTuple):
    """What a service elsewhere says of a source."""

    exists: bool
    visibility_s: int | None = None
    """The visibility timeout of a queue."""


def parse_mapping_arn(arn: str, place: Place) -> MappingKey | None:
    """None for what is no ARN of a mapping in this place."""
    match = _ARN.fullmatch(arn)
    if match is None or (match["account"], match["region"]) != (place.account, place.region):
        return None
    return MappingKey(place.account, place.region, match["uuid"])
