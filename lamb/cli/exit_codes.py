"""What each exit code means. Scripts rely on these numbers: they never change."""

from __future__ import annotations

from lamb.model.errors import (
    InvalidParameterValue,
    InvalidRequestContent,
    LambError,
    PreconditionFailed,
    ProvisionedConcurrencyConfigNotFound,
    RequestTooLarge,
    ResourceConflict,
    ResourceNotFound,
    SettingInvalid,
    TooManyRequests,
    UnsupportedMediaType,
    ValidationFailure,
)

DONE = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
CONFLICT = 4
RAISED = 10
TIMED_OUT = 11
KILLED = 12
INIT_FAILED = 13
THROTTLED = 14
CHANGES_PENDING = 20
WAIT_EXPIRED = 124
INTERRUPTED = 130

MEANINGS = {
    DONE: "done; the function succeeded",
    FAILED: "lamb failed",
    USAGE: "usage: the command line, a setting or a value is not allowed",
    NOT_FOUND: "not found",
    CONFLICT: "conflict, or a precondition does not hold (also: a package with errors)",
    RAISED: "the function raised an error",
    TIMED_OUT: "the function timed out",
    KILLED: "the function was killed (memory or another limit), or its process ended itself",
    INIT_FAILED: "the function could not be loaded: init or import failed",
    THROTTLED: "throttled",
    CHANGES_PENDING: "changes are pending",
    WAIT_EXPIRED: "a wait expired",
    INTERRUPTED: "interrupted",
}

OF_VERDICT = {
    "success": DONE,
    "error": RAISED,
    "timeout": TIMED_OUT,
    "killed": KILLED,
    "exit": KILLED,
    "init": INIT_FAILED,
}

_OF_ERROR: dict[type[LambError], int] = {
    ResourceNotFound: NOT_FOUND,
    ProvisionedConcurrencyConfigNotFound: NOT_FOUND,
    ResourceConflict: CONFLICT,
    PreconditionFailed: CONFLICT,
    TooManyRequests: THROTTLED,
    InvalidParameterValue: USAGE,
    InvalidRequestContent: USAGE,
    RequestTooLarge: USAGE,
    SettingInvalid: USAGE,
    UnsupportedMediaType: USAGE,
    ValidationFailure: USAGE,
}


def of_error(error: LambError) -> int:
    """By the nearest kind of error that has one."""
    return next((_OF_ERROR[kind] for kind in type(error).__mro__ if kind in _OF_ERROR), FAILED)
