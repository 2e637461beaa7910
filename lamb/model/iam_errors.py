"""What IAM refuses, with its codes and statuses, which botocore's model has."""

from __future__ import annotations

from lamb.model.errors import InvalidParameterValue, LambError, ResourceConflict, ResourceNotFound


class NoSuchEntity(ResourceNotFound):
    """The entity cannot be found."""

    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExists(ResourceConflict):
    """An entity of that name already exists."""

    code = "EntityAlreadyExists"
    status = 409


class DeleteConflict(ResourceConflict):
    """The entity has others that depend on it."""

    code = "DeleteConflict"
    status = 409


class LimitExceeded(ResourceConflict):
    """A quota would be exceeded."""

    code = "LimitExceeded"
    status = 409

    @classmethod
    def quota(cls, name: str, most: int) -> LimitExceeded:
        """`name`: as AWS calls the quota, e.g. `PoliciesPerRole`."""
        return cls(f"Cannot exceed quota for {name}: {most}")


class MalformedPolicyDocument(InvalidParameterValue):
    """Syntax errors in policy."""

    code = "MalformedPolicyDocument"
    status = 400


class InvalidInput(InvalidParameterValue):
    """A member of the request has a value that is not allowed"""

    code = "InvalidInput"
    status = 400


class BadRequest(InvalidParameterValue):
    """A member of the request breaks a constraint"""

    code = "ValidationError"
    status = 400


BY_CODE: dict[str, type[LambError]] = {
    kind.code: kind
    for kind in (
        NoSuchEntity,
        EntityAlreadyExists,
        DeleteConflict,
        LimitExceeded,
        MalformedPolicyDocument,
        InvalidInput,
        BadRequest,
    )
}
"""What a client makes of IAM's codes."""
