"""AWS's own managed policies, as far as functions use them; their documents are in aws_policies.json."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lamb.model import iam
from lamb.model.iam import AWS_ACCOUNT, ManagedPolicy, PolicyVersion


class Own(NamedTuple):
    """One of AWS's: the policy, and the only version of it that is told."""

    policy: ManagedPolicy
    version: PolicyVersion


def find(arn: str) -> Own | None:
    return _by_arn().get(arn)


def listed(path_prefix: str) -> list[ManagedPolicy]:
    return [own.policy for own in _by_arn().values() if own.policy.path.startswith(path_prefix)]


@functools.cache
def _by_arn() -> Mapping[str, Own]:
    # Read when a policy is first asked for: most homes never ask.
    table = json.loads(Path(__file__).with_name("aws_policies.json").read_bytes())
    policies = [_own(name, entry) for name, entry in table.items()]
    return {own.policy.arn: own for own in policies}


def _own(name: str, entry: Mapping[str, Any]) -> Own:
    policy = ManagedPolicy(
        account=AWS_ACCOUNT,
        name=name,
        path=entry["path"],
        id=iam.derived_id("ANPA", name),
        description=None,
        tags={},
        default_version=entry["version"],
        created_ms=entry["created_ms"],
        updated_ms=entry["updated_ms"],
    )
    document = json.dumps(entry["document"], indent=4)
    return Own(policy, PolicyVersion(entry["version"], document, entry["updated_ms"]))
