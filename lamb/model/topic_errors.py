"""What SNS refuses, with its codes. What it says of batches, SQS says in the same words: see queue_errors."""

from __future__ import annotations

from lamb.model import queue_errors
from lamb.model.errors import AccessDenied, InvalidParameterValue, LambError, ResourceNotFound


class NotFound(ResourceNotFound):
    """Topic does not exist"""

    code = "NotFound"


class TaggedResourceNotFound(ResourceNotFound):
    """Resource does not exist"""

    code = "ResourceNotFound"


class InvalidParameter(InvalidParameterValue):
    """Invalid parameter"""

    code = "InvalidParameter"

    def __init__(self, reason: str, *, hint: str = "") -> None:
        """`reason`: what stands behind `Invalid parameter: `."""
        super().__init__(f"Invalid parameter: {reason}", hint=hint)


class ParameterValueInvalid(InvalidParameterValue):
    """A message attribute is not as SNS takes it"""

    code = "ParameterValueInvalid"


class MemberMissing(InvalidParameterValue):
    """A required member of the request is not there"""

    code = "ValidationError"

    def __init__(self, path: str) -> None:
        """`path`: of the member, e.g. `messageAttributes.a.member.dataType`."""
        self.path = path
        super().__init__(
            f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: "
            "Member must not be null"
        )


class TagLimitExceeded(InvalidParameterValue):
    """Could not complete request: tag quota of per resource exceeded"""

    code = "TagLimitExceeded"


BY_CODE: dict[str, type[LambError]] = {
    "AuthorizationError": AccessDenied,
    **{
        kind.code: kind
        for kind in (
            NotFound,
            TaggedResourceNotFound,
            InvalidParameter,
            ParameterValueInvalid,
            MemberMissing,
            TagLimitExceeded,
            queue_errors.EmptyBatchRequest,
            queue_errors.TooManyEntriesInBatchRequest,
            queue_errors.BatchEntryIdsNotDistinct,
            queue_errors.InvalidBatchEntryId,
            queue_errors.BatchRequestTooLong,
        )
    },
}
"""What a client makes of SNS's codes."""
