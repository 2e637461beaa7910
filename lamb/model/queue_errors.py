"""What SQS refuses, in the words of its API reference and of recorded answers.

`code` is the shape's name in SQS's model, as the JSON protocol has it; `query_code` what the older query
protocol called the same, and what clients made for that still compare with.
"""

from __future__ import annotations

from lamb.model.errors import (
    InvalidParameterValue,
    LambError,
    ResourceConflict,
    ResourceNotFound,
)


class QueueDoesNotExist(ResourceNotFound):
    """The specified queue does not exist."""

    code = "QueueDoesNotExist"
    query_code = "AWS.SimpleQueueService.NonExistentQueue"
    status = 400


class QueueNameExists(ResourceConflict):
    """A queue already exists with the same name and different attributes"""

    code = "QueueNameExists"
    query_code = "QueueAlreadyExists"
    status = 400


class PurgeQueueInProgress(ResourceConflict):
    """Only one PurgeQueue operation is allowed every 60 seconds."""

    code = "PurgeQueueInProgress"
    query_code = "AWS.SimpleQueueService.PurgeQueueInProgress"
    status = 403


class MissingParameter(InvalidParameterValue):
    """The request must contain a parameter that is not there"""

    code = "MissingRequiredParameterException"
    query_code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidAttributeName(InvalidParameterValue):
    """Unknown Attribute."""

    code = query_code = "InvalidAttributeName"


class InvalidAttributeValue(InvalidParameterValue):
    """Invalid value for the parameter."""

    code = query_code = "InvalidAttributeValue"


class InvalidMessageContents(InvalidParameterValue):
    """The message contains characters outside the allowed set."""

    code = query_code = "InvalidMessageContents"


class ReceiptHandleIsInvalid(InvalidParameterValue):
    """The input receipt handle is invalid."""

    code = query_code = "ReceiptHandleIsInvalid"


class MessageNotInflight(InvalidParameterValue):
    """The specified message isn't in flight."""

    code = "MessageNotInflight"
    query_code = "AWS.SimpleQueueService.MessageNotInflight"


class OverLimit(LambError):
    """The specified action violates a limit."""

    code = query_code = "OverLimit"
    status = 403


class UnsupportedQueueOperation(LambError):
    """Error code 400. Unsupported operation."""

    code = "UnsupportedOperation"
    query_code = "AWS.SimpleQueueService.UnsupportedOperation"
    status = 400


class EmptyBatchRequest(InvalidParameterValue):
    """The batch request doesn't contain any entries."""

    code = "EmptyBatchRequest"
    query_code = "AWS.SimpleQueueService.EmptyBatchRequest"


class TooManyEntriesInBatchRequest(InvalidParameterValue):
    """The batch request contains more entries than permissible."""

    code = "TooManyEntriesInBatchRequest"
    query_code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"


class BatchEntryIdsNotDistinct(InvalidParameterValue):
    """Two or more batch entries in the request have the same Id."""

    code = "BatchEntryIdsNotDistinct"
    query_code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"


class InvalidBatchEntryId(InvalidParameterValue):
    """A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
It can be at most 80 letters long."""

    code = "InvalidBatchEntryId"
    query_code = "AWS.SimpleQueueService.InvalidBatchEntryId"


class BatchRequestTooLong(InvalidParameterValue):
    """The length of all the messages put together is more than the limit."""

    code = "BatchRequestTooLong"
    query_code = "AWS.SimpleQueueService.BatchRequestTooLong"


BY_CODE: dict[str, type[LambError]] = {
    kind.code: kind
    for kind in (
        QueueDoesNotExist,
        QueueNameExists,
        PurgeQueueInProgress,
        InvalidParameterValue,
        MissingParameter,
        InvalidAttributeName,
        InvalidAttributeValue,
        InvalidMessageContents,
        ReceiptHandleIsInvalid,
        MessageNotInflight,
        OverLimit,
        ResourceNotFound,
        UnsupportedQueueOperation,
        EmptyBatchRequest,
        TooManyEntriesInBatchRequest,
        BatchEntryIdsNotDistinct,
        InvalidBatchEntryId,
        BatchRequestTooLong,
    )
}


def query_code(error: LambError) -> str:
    """What the query protocol calls this error."""
    if type(error) is InvalidParameterValue:
        return "InvalidParameterValue"
    return str(getattr(error, "query_code", error.code))


def invalid(parameter: str, value: object, reason: str) -> InvalidParameterValue:
    """In the words that SQS has for most parameters."""
    return InvalidParameterValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")
