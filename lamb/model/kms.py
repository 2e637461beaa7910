"""Keys of KMS and their aliases, as KMS names them and what it limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal, NamedTuple

from lamb.model.names import Place

State = Literal["Enabled", "Disabled", "PendingDeletion"]
Context = Mapping[str, str]
"""An encryption context: what the caller says of the plaintext, and has to say again."""

DAY_MS = 86_400_000
# API reference, ScheduleKeyDeletion: "a value between 7 and 30, inclusive"; 30 is the default
DELETION_DAYS = range(7, 31)
DELETION_DEFAULT_DAYS = 30
# API reference, EnableKeyRotation: "The default value is 365 days."
ROTATION_DEFAULT_DAYS = 365
# API reference, PutKeyPolicy: "the key policy size … 32 kilobytes (32768 bytes)"
POLICY_MAX_BYTES = 32_768
# API reference, ListKeys: "If you do not include a value, it defaults to 100"; of ListResourceTags, to 50
PAGE_DEFAULT = 100
TAGS_MAX = 50
ALIAS_PREFIX = "alias/"
RESERVED_PREFIX = "alias/aws/"
LAMBDA_ALIAS = "alias/aws/lambda"
"""Of the key of AWS's own that seals environment variables where no other key is named."""
DATA_KEY_BYTES = {"AES_128": 16, "AES_256": 32}


class Key(NamedTuple):
    """A symmetric key, without its material."""

    account: str
    region: str
    id: str
    """A UUID."""
    description: str
    state: State
    deletion_ms: int | None
    """When it is gone for good; None unless its deletion is pending."""
    rotation_days: int | None
    """Between one rotation and the next; None: it is not rotated."""
    policy: str
    """JSON, as it was given."""
    tags: Mapping[str, str]
    manager: Literal["CUSTOMER", "AWS"]
    created_ms: int

    @property
    def arn(self) -> str:
        return key_arn(Place(self.account, self.region), self.id)

    @property
    def material_id(self) -> str:
        """The name of its material: 64 hexadecimal digits that say nothing."""
        return hashlib.sha256(f"material of {self.arn}".encode()).hexdigest()


class KeyAlias(NamedTuple):
    """Another name of a key."""

    account: str
    region: str
    name: str
    """`alias/…`"""
    key_id: str | None
    """None for an alias of AWS's whose key nobody has needed yet."""
    created_ms: int
    updated_ms: int

    @property
    def arn(self) -> str:
        return alias_arn(Place(self.account, self.region), self.name)


class Caller(NamedTuple):
    """Who asks KMS, and where."""

    place: Place
    arn: str
    """Of the account's root, or of the session of a role."""


def key_arn(place: Place, key_id: str) -> str:
    return f"arn:aws:kms:{place.region}:{place.account}:key/{key_id}"


def alias_arn(place: Place, name: str) -> str:
    return f"arn:aws:kms:{place.region}:{place.account}:{name}"


def default_policy(account: str) -> str:
    """What CreateKey gives a key that comes with none: IAM decides, as in KMS's own."""
    statement: dict[str, object] = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return _written("key-default-1", [statement])


def lambda_policy(account: str, region: str) -> str:
    """Of the key behind `alias/aws/lambda`: Lambda may use it for callers of the account, and nobody else."""
    through_lambda: dict[str, object] = {
        "Sid": "Allow access through AWS Lambda for all principals in the account that are authorized "
        "to use AWS Lambda",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:CallerAccount": account,
                "kms:ViaService": f"lambda.{region}.amazonaws.com",
            }
        },
    }
    looking: dict[str, object] = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    }
    return _written("auto-awslambda", [through_lambda, looking])


def _written(policy_id: str, statements: list[dict[str, object]]) -> str:
    document = {"Version": "2012-10-17", "Id": policy_id, "Statement": statements}
    return json.dumps(document, indent=2, separators=(",", " : "))
