"""What both ends of the wire share: how an error travels in an answer, and what ids look like."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

from lamb.model.errors import LambError, ServiceFailure, TooManyRequests

# Body keys follow the member names of AWS's model: these spell it `Message`, all others `message`.
_CAPITAL = frozenset(
    {
        "AccessDeniedException",
        "CodeSigningConfigNotFoundException",
        "EnvironmentStartException",
        "InvalidRuntimeException",
        "InvalidZipFileException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "RequestEntityTooLargeException",
        "RecursiveInvocationException",
        "ResourceInUseException",
        "ResourceNotFoundException",
        "SandboxRefusedException",
        "SerializationException",
        "ServiceException",
        "UnknownOperationException",
    }
)
# These come from the layer before Lambda's own, which knows no Type.
_UNTYPED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)

INIT_FAILURE = "FUNCTION_ERROR_INIT_FAILURE"
"""StatusReason of provisioned concurrency whose handler could not be loaded."""

Headers = list[tuple[str, str]]


def encode(error: LambError) -> tuple[int, Headers, bytes]:
    """Status, headers (lower case) and body of the answer that reports this error."""
    headers: Headers = [("x-amzn-errortype", error.code), ("content-type", "application/json")]
    body: dict[str, str | None] = {}
    if isinstance(error, TooManyRequests):
        headers.append(("retry-after", str(error.retry_after_s)))
        body["Reason"] = error.reason
    if error.typed and error.code not in _UNTYPED:
        body["Type"] = "User"
    body["Message" if error.code in _CAPITAL else "message"] = error.message or None
    if error.hint:
        body["Hint"] = error.hint
    return error.status, headers, _utf8(body)


def _utf8(body: dict[str, str | None]) -> bytes:
    """As JSON; halves of characters that a text quotes of a request become question marks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def decode(status: int, code: str | None, body: bytes) -> LambError:
    """The error that `encode` wrote; an unreadable answer gives a plain LambError with its status."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {"Message": body[:500].decode(errors="replace")}
    if isinstance(document.get("Error"), dict):  # where AWS's query protocol has it
        document = document["Error"]
    kind = _BY_CODE.get(code or "", LambError)
    # Past the constructors of the subclasses: the finished text is here, not what it was made of.
    error = kind.__new__(kind)
    message = document.get("message") or document.get("Message") or ""
    LambError.__init__(error, str(message), typed="Type" in document)
    if isinstance(error, TooManyRequests):
        error.reason = str(document.get("Reason", ""))
        error.retry_after_s = 1
    if kind is LambError:
        error.status = status
        error.code = code or LambError.code
    error.hint = str(document.get("Hint", ""))
    return error


def _kinds(kind: type[LambError]) -> Iterator[type[LambError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


# Other services have errors with the same codes: which modules are loaded must make no difference.
_BY_CODE: dict[str, type[LambError]] = {
    kind.code: kind
    for kind in sorted(_kinds(LambError), key=lambda kind: kind.__module__ == LambError.__module__)
}
_BY_CODE[ServiceFailure.code] = ServiceFailure


def new_id() -> str:
    """A new id of a request, a message or a revision, in the form that AWS has: a UUID of version 4.

    Its first 48 bits are milliseconds since the epoch, the others random: rows that come one after the other
    lie beside each other in an index of ids, too, where random ones would have each its own page written.
    """
    millis, digits = f"{time.time_ns() // 1_000_000:012x}", os.urandom(10).hex()
    variant = "89ab"[int(digits[3], 16) & 3]
    return f"{millis[:8]}-{millis[8:]}-4{digits[:3]}-{variant}{digits[4:7]}-{digits[7:19]}"
