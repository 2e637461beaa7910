"""Tags of IAM's entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamb.model.iam import TAGS_MAX
from lamb.model.iam_errors import InvalidInput, LimitExceeded

Tags = Sequence[tuple[str, str]]


def added(present: Mapping[str, str], tags: Tags) -> dict[str, str]:
    """The tags after these were set. A key that differs in case alone is the same one.

    Raises InvalidInput for a key given twice, LimitExceeded for too many.
    """
    wanted = {key.lower(): (key, value) for key, value in present.items()}
    if len({key.lower() for key, _ in tags}) < len(tags):
        raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for key, value in tags:
        # The spelling that was first is kept.
        spelled = wanted.get(key.lower(), (key, value))[0]
        wanted[key.lower()] = (spelled, value)
    if len(wanted) > TAGS_MAX:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    return dict(wanted.values())


def without(present: Mapping[str, str], keys: Sequence[str]) -> dict[str, str]:
    """Keys that are not there are no error."""
    gone = {key.lower() for key in keys}
    return {key: value for key, value in present.items() if key.lower() not in gone}
