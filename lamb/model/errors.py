"""Every expected failure, with the code and HTTP status AWS gives it.

The docstring of a class is its message when none is given. Anything else that is raised is a bug.
"""

from __future__ import annotations


class LambError(Exception):
    """The request could not be carried out"""

    code = "ServiceException"
    status = 500
    hint: str
    """The fix, in words that the command line prints on a line of its own."""

    def __init__(self, message: str | None = None, *, typed: bool = True, hint: str = "") -> None:
        """`message` replaces the docstring; `typed=False` leaves `"Type": "User"` out of the body,
        as AWS does for the checks that SEMANTICS marks with "Type none"."""
        self.message = (type(self).__doc__ or "") if message is None else message
        self.typed = typed
        self.hint = hint
        super().__init__(self.message)


class ServiceFailure(LambError):
    """lamb failed while it handled this request"""


class ValidationFailure(LambError):
    """A member of the request breaks a constraint of its shape"""

    code = "ValidationException"
    status = 400

    def __init__(self, *violations: str) -> None:
        """`violations`: texts such as `Value '3' at 'x' failed to satisfy constraint: …`."""
        count = len(violations)
        plural = "" if count == 1 else "s"
        super().__init__(f"{count} validation error{plural} detected: {'; '.join(violations)}", typed=False)


class InvalidParameterValue(LambError):
    """A parameter has a value that is not allowed"""

    code = "InvalidParameterValueException"
    status = 400


class InvalidRequestContent(LambError):
    """The request body could not be parsed as JSON"""

    code = "InvalidRequestContentException"
    status = 400


class SerializationFailure(LambError):
    """A member of the request has the wrong JSON type"""

    code = "SerializationException"
    status = 400


class ResourceInUse(LambError):
    """The operation conflicts with the resource's availability"""

    code = "ResourceInUseException"
    status = 400


class CodeStorageExceeded(LambError):
    """Code storage limit exceeded."""

    code = "CodeStorageExceededException"
    status = 400


class PolicyLengthExceeded(LambError):
    """The resource policy is larger than AWS allows"""

    code = "PolicyLengthExceededException"
    status = 400


class RecursiveInvocation(LambError):
    """Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services \
resources and stopped your function's invocation."""

    code = "RecursiveInvocationException"
    status = 400


class AccessDenied(LambError):
    """The caller may not do this"""

    code = "AccessDeniedException"
    status = 403


class UnrecognizedClient(LambError):
    """The security token included in the request is invalid."""

    code = "UnrecognizedClientException"
    status = 403


class MissingAuthenticationToken(LambError):
    """Missing Authentication Token"""

    code = "MissingAuthenticationTokenException"
    status = 403


class InvalidSignature(LambError):
    """The request signature we calculated does not match the signature you provided. Check your AWS Secret \
Access Key and signing method. Consult the service documentation for details."""

    code = "InvalidSignatureException"
    status = 403


class IncompleteSignature(LambError):
    """The request signature does not conform to AWS standards"""

    code = "IncompleteSignatureException"
    status = 403


class ExpiredToken(LambError):
    """The security token included in the request is expired"""

    code = "ExpiredTokenException"
    status = 403


class LinkExpired(LambError):
    """Request has expired"""

    code = "AccessDenied"
    status = 403


class LinkAltered(LambError):
    """The request signature we calculated does not match the signature you provided. \
Check your key and signing method."""

    code = "SignatureDoesNotMatch"
    status = 403


class ResourceNotFound(LambError):
    """The resource you requested does not exist."""

    code = "ResourceNotFoundException"
    status = 404


class ProvisionedConcurrencyConfigNotFound(LambError):
    """No Provisioned Concurrency Config found for this function"""

    code = "ProvisionedConcurrencyConfigNotFoundException"
    status = 404


class CodeSigningConfigNotFound(LambError):
    """The code signing configuration cannot be found."""

    code = "CodeSigningConfigNotFoundException"
    status = 404


class ResourceConflict(LambError):
    """The resource already exists, or another operation is in progress"""

    code = "ResourceConflictException"
    status = 409


class PreconditionFailed(LambError):
    """The Revision Id provided does not match the latest Revision Id. \
Call the GetFunction/GetAlias API to retrieve the latest Revision Id"""

    code = "PreconditionFailedException"
    status = 412


class RequestTooLarge(LambError):
    """The request is larger than the operation allows"""

    code = "RequestEntityTooLargeException"
    status = 413

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, typed=False)


class UnsupportedMediaType(LambError):
    """The content type of the request body is not JSON"""

    code = "UnsupportedMediaTypeException"
    status = 415


class TooManyRequests(LambError):
    """Rate Exceeded."""

    code = "TooManyRequestsException"
    status = 429

    def __init__(self, reason: str, *, retry_after_s: int = 1) -> None:
        """`reason`: AWS's Reason member, e.g. `ConcurrentInvocationLimitExceeded`."""
        super().__init__()
        self.reason = reason
        self.retry_after_s = retry_after_s


class UnknownOperation(LambError):
    """This operation is not supported by lamb"""

    code = "UnknownOperationException"
    status = 501


class InvalidZipFile(LambError):
    """Lambda was not able to unzip the file"""

    code = "InvalidZipFileException"
    status = 502


class InvalidRuntime(LambError):
    """The runtime of this function is not installed on this host"""

    code = "InvalidRuntimeException"
    status = 502


class KMSRefusal(LambError):
    """Lambda was unable to decrypt the environment variables"""

    status = 502


class KMSAccessDenied(KMSRefusal):
    """Lambda was unable to decrypt the environment variables because KMS access was denied. \
Please check the function's KMS key settings."""

    code = "KMSAccessDeniedException"


class KMSDisabled(KMSRefusal):
    """Lambda was unable to decrypt the environment variables because the KMS key used is disabled. \
Please check the function's KMS key settings."""

    code = "KMSDisabledException"


class KMSInvalidState(KMSRefusal):
    """Lambda was unable to decrypt the environment variables because the state of the KMS key used is not \
valid for Decrypt. Please check the function's KMS key settings."""

    code = "KMSInvalidStateException"


class KMSNotFound(KMSRefusal):
    """Lambda was unable to decrypt the environment variables because the KMS key was not found."""

    code = "KMSNotFoundException"


class SandboxRefused(LambError):
    """This host refuses a wall of the sandbox that `sandbox = require` asks for; see `lamb doctor`"""

    code = "SandboxRefusedException"
    status = 502


class EnvironmentStartFailed(LambError):
    """The sandbox of the function could not be built"""

    code = "EnvironmentStartException"
    status = 500


class EnvironmentLost(EnvironmentStartFailed):
    """The environment of the function ended before the invocation began"""

    code = "EnvironmentLostException"


class HomeUnusable(LambError):
    """The lamb home cannot be used"""

    code = "HomeUnusableException"
    status = 500


class SettingInvalid(LambError):
    """A setting has a value that is not allowed"""

    code = "SettingException"
    status = 400
