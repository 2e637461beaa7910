"""What CloudWatch Logs refuses, with its codes: its model, and answers recorded from it."""

from __future__ import annotations

from lamb.model.errors import LambError


class LogsError(LambError):
    """The request could not be carried out."""

    status = 400


class InvalidParameter(LogsError):
    """A parameter is specified incorrectly."""

    code = "InvalidParameterException"


class GroupNotFound(LogsError):
    """The specified log group does not exist."""

    code = "ResourceNotFoundException"


class StreamNotFound(GroupNotFound):
    """The specified log stream does not exist."""


class GroupExists(LogsError):
    """The specified log group already exists"""

    code = "ResourceAlreadyExistsException"


class StreamExists(GroupExists):
    """The specified log stream already exists"""


class TooManyTags(LogsError):
    """A resource can have no more than 50 tags."""

    code = "TooManyTagsException"


class DeletionProtected(LogsError):
    """The log group is protected from deletion."""

    code = "ValidationException"
