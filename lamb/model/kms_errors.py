"""What KMS refuses, with its codes. Its statuses are all 400, whatever its model says of some of them."""

from __future__ import annotations

from lamb.model.errors import LambError


class KmsRefusal(LambError):
    """KMS cannot do this"""

    code = "KMSInternalException"
    status = 400


class NotFound(KmsRefusal):
    """The key or alias does not exist"""

    code = "NotFoundException"


class Disabled(KmsRefusal):
    """The key is disabled."""

    code = "DisabledException"


class InvalidState(KmsRefusal):
    """The state of the key does not allow this."""

    code = "KMSInvalidStateException"


class InvalidCiphertext(KmsRefusal):
    """No ciphertext of this key and context; KMS says no more than the code"""

    code = "InvalidCiphertextException"

    def __init__(self) -> None:
        super().__init__("")


class IncorrectKey(KmsRefusal):
    """The key ID in the request does not identify a CMK that can perform this operation."""

    code = "IncorrectKeyException"


class InvalidKeyUsage(KmsRefusal):
    """The key cannot be used so"""

    code = "InvalidKeyUsageException"


class AlreadyExists(KmsRefusal):
    """The alias exists"""

    code = "AlreadyExistsException"


class InvalidRequest(KmsRefusal):
    """A member of the request has a value that is not allowed"""

    code = "ValidationException"


class UnsupportedOperation(KmsRefusal):
    """KMS does not support this"""

    code = "UnsupportedOperationException"


class KeyPolicyMalformed(KmsRefusal):
    """The key policy is not valid"""

    code = "MalformedPolicyDocumentException"


class TagRefused(KmsRefusal):
    """A tag is not valid"""

    code = "TagException"


class KeyLimitExceeded(KmsRefusal):
    """A quota would be exceeded"""

    code = "LimitExceededException"


class AliasReserved(KmsRefusal):
    """A name of AWS's own; KMS says no more than the code"""

    code = "NotAuthorizedException"

    def __init__(self) -> None:
        super().__init__("")


class KeyAccessDenied(KmsRefusal):
    """The ciphertext refers to a customer master key that does not exist, does not exist in this region, \
or you are not allowed to access."""

    code = "AccessDeniedException"


class DryRun(KmsRefusal):
    """The request would have succeeded, but the DryRun option is set."""

    code = "DryRunOperationException"
    status = 412
