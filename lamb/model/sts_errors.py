"""What STS refuses, with its codes; what it says of policies, IAM says in the same words."""

from __future__ import annotations

from lamb.model.errors import LambError


class TagsRefused(LambError):
    """The tags of a session are not valid"""

    code = "InvalidParameterValue"
    status = 400


class PackedPolicyTooLarge(LambError):
    """The session policies are too large together."""

    code = "PackedPolicyTooLarge"
    status = 400
