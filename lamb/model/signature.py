"""AWS's Signature Version 4, checked: what a request claims, whether that is timely, whether it is true.

Pure: times, secrets and bodies are given. The canonical form is the one that AWS describes for every service:
paths are encoded twice except for s3, queries sorted, header values trimmed, the body hashed.
Source: IAM user guide, reference_sigv-create-signed-request and reference_sigv-troubleshooting.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from lamb.model.errors import IncompleteSignature, InvalidSignature
from lamb.model.names import REGION

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EXPIRES_MAX_S = 604_800
"""A week: what a presigned URL may be good for."""
SKEW_S = 300

Headers = Mapping[bytes, bytes]

_TERMINATOR = "aws4_request"
_PRESIGNED_S = 900
_UNRESERVED = "-_.~"
_MOMENT = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_REGION = re.compile(f"{REGION}|aws-global", re.ASCII)
_SPACES = re.compile(r" {2,}")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says that it comes from, and the proof that it offers."""

    key_id: str
    day: str
    """`20260131`, as the other parts of the scope are: of the key that the signature was made with."""
    region: str
    service: str
    signed: tuple[str, ...]
    """Names of the headers that are signed, in lower case."""
    signature: str = field(repr=False)
    moment: str = ""
    """`20260131T120000Z`"""
    token: str | None = field(default=None, repr=False)
    """The session token that came with it."""
    expires_s: int | None = None
    """Of a presigned URL: how long after `moment` it is good."""
    payload: str | None = None
    """What stands in the place of the body's hash, if the caller says so."""


class Message(NamedTuple):
    """The parts of a request that are signed, as they came over the wire."""

    method: str
    raw_path: bytes
    query: bytes
    headers: Headers
    """Lower-case names."""
    body: bytes


# ------------------------------------------------------------------ what a request claims


def read(headers: Headers, query: bytes) -> Claim | None:
    """The claim in the Authorization header, or in the query; None where there is neither.

    Raises IncompleteSignature for one that cannot be understood, InvalidSignature for one that leaves the
    Host out: it would be as good at another host.
    """
    authorization = headers.get(b"authorization")
    if authorization is not None:
        claim = _of_header(authorization.decode("latin-1"), headers)
    elif b"X-Amz-Signature=" in query or b"X-Amz-Algorithm=" in query:
        claim = _of_query(query, headers)
    else:
        return None
    if "host" not in claim.signed:
        raise InvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    return claim


def _of_header(authorization: str, headers: Headers) -> Claim:
    stated, _, signature = authorization.rpartition("Signature=")
    fields = _fields(stated if len(signature) == 64 else authorization)
    moment = headers.get(b"x-amz-date") or headers.get(b"date")
    given = {"Signature": signature, **fields} if len(signature) == 64 else dict(fields)
    lacking = [name for name in ("Credential", "Signature", "SignedHeaders") if not given.get(name)]
    if lacking or moment is None:
        said = [f"Authorization header requires '{name}' parameter." for name in lacking]
        if moment is None:
            said.append(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
            )
        raise IncompleteSignature(" ".join([*said, f"Authorization={authorization.partition(' ')[0]}"]))
    key_id, day, region, service = _scope(given["Credential"])
    return Claim(
        key_id,
        day,
        region,
        service,
        _names(given["SignedHeaders"]),
        given["Signature"],
        _moment(moment.decode("latin-1")),
        _text(headers.get(b"x-amz-security-token")),
        payload=_payload(_text(headers.get(b"x-amz-content-sha256"))),
    )


@functools.lru_cache(maxsize=256)
def _fields(stated: str) -> Mapping[str, str]:
    """The same every time, but for the signature: remembered."""
    algorithm, _, rest = stated.partition(" ")
    if algorithm.startswith("AWS") and algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields = {}
    for part in re.split(r"[,\s]+", rest.strip(", ")):
        name, equals, value = part.partition("=")
        if part and not equals:
            hashed = _base64_of_hash(stated)
            raise IncompleteSignature(
                "Invalid key=value pair (missing equal-sign) in Authorization header "
                f"(hashed with SHA-256 and encoded with Base64): '{hashed}'."
            )
        fields[name] = value
    return fields if algorithm == ALGORITHM else {}


def _of_query(query: bytes, headers: Headers) -> Claim:
    given = {name: value for name, value in _arguments(query) if name.startswith("X-Amz-")}
    wanted = ("Algorithm", "Credential", "Signature", "SignedHeaders", "Date")
    lacking = [f"X-Amz-{name}" for name in wanted if not given.get(f"X-Amz-{name}")]
    if lacking:
        said = " ".join(f"AWS query-string parameters must include '{name}'." for name in lacking)
        raise IncompleteSignature(f"{said} Re-examine the query-string parameters.")
    if given["X-Amz-Algorithm"] != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{given['X-Amz-Algorithm']}'.")
    key_id, day, region, service = _scope(given["X-Amz-Credential"])
    stated = given.get("X-Amz-Content-Sha256") or _text(headers.get(b"x-amz-content-sha256"))
    return Claim(
        key_id,
        day,
        region,
        service,
        _names(given["X-Amz-SignedHeaders"]),
        given["X-Amz-Signature"],
        _moment(given["X-Amz-Date"]),
        given.get("X-Amz-Security-Token") or _text(headers.get(b"x-amz-security-token")),
        _expires_s(given.get("X-Amz-Expires")),
        UNSIGNED_PAYLOAD if service == "s3" else _payload(stated),
    )


def _scope(credential: str) -> tuple[str, str, str, str]:
    parts = credential.split("/")
    if len(parts) != 5:
        raise IncompleteSignature(
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{credential}'"
        )
    if parts[4] != _TERMINATOR:
        raise InvalidSignature(
            f"Credential should be scoped with a valid terminator: '{_TERMINATOR}', not '{parts[4]}'."
        )
    return parts[0], parts[1], parts[2], parts[3]


@functools.lru_cache(maxsize=256)
def _names(signed_headers: str) -> tuple[str, ...]:
    return tuple(signed_headers.lower().split(";"))


def _moment(text: str) -> str:
    if _MOMENT.fullmatch(text):
        return text
    try:  # HTTP's own Date, or a longer form of ISO 8601
        moment = datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=timezone.utc)
    except ValueError:
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None
    return f"{moment:%Y%m%dT%H%M%SZ}"


def _expires_s(text: str | None) -> int:
    if text is None:
        return _PRESIGNED_S
    if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
        raise IncompleteSignature("X-Amz-Expires should be a number")
    if int(text) < 0:
        raise IncompleteSignature("X-Amz-Expires must be non-negative")
    if int(text) > EXPIRES_MAX_S:
        raise IncompleteSignature(
            "X-Amz-Expires must be less than a week (in seconds); "
            f"that is, the given X-Amz-Expires must be less than {EXPIRES_MAX_S} seconds"
        )
    return int(text)


def _payload(stated: str | None) -> str | None:
    """None: the hash of the body itself, whatever was stated."""
    if stated is not None and stated.startswith("STREAMING-"):
        raise IncompleteSignature(
            f"lamb does not take bodies that are signed in chunks ({stated}): sign the body's SHA-256, "
            f"or say {UNSIGNED_PAYLOAD}"
        )
    return UNSIGNED_PAYLOAD if stated == UNSIGNED_PAYLOAD else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _base64_of_hash(text: str) -> str:
    import base64  # noqa: PLC0415 - for an error alone

    return base64.b64encode(hashlib.sha256(text.encode("latin-1", "replace")).digest()).decode()


# ------------------------------------------------------------------ whether that is timely, and meant for us


def refuse_untimely(claim: Claim, now_s: float) -> None:
    """Raise InvalidSignature for a request that is too old, or from the future."""
    now = int(now_s)
    moment = _seconds(claim.moment)
    good_s = SKEW_S if claim.expires_s is None else claim.expires_s
    if moment < now - good_s:
        span = f"{good_s // 60} min." if good_s % 60 == 0 else f"{good_s} sec."
        raise InvalidSignature(
            f"Signature expired: {claim.moment} is now earlier than {_iso(now - good_s)} "
            f"({_iso(now)} - {span})"
        )
    if moment > now + SKEW_S:
        raise InvalidSignature(
            f"Signature not yet current: {claim.moment} is still later than {_iso(now + SKEW_S)} "
            f"({_iso(now)} + {SKEW_S // 60} min.)"
        )


def refuse_other_scope(claim: Claim, service: str | None) -> None:
    """Raise InvalidSignature for a key that was derived for something else.

    `service`: the one that is asked, by the name that signatures have for it; None where any will do.
    """
    said = []
    if not _REGION.fullmatch(claim.region):
        said.append(f"Credential should be scoped to a valid region, not '{claim.region}'.")
    if service not in (None, claim.service):
        said.append(f"Credential should be scoped to correct service: '{service}'.")
    if claim.moment[:8] != claim.day:
        said.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.day}' != '{claim.moment[:8]}', from '{claim.moment}'."
        )
    if said:
        raise InvalidSignature(" ".join(said))


@functools.lru_cache(maxsize=64)
def _seconds(moment: str) -> int:
    try:
        read_ = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise IncompleteSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{moment}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601"
        ) from None
    return int(read_.timestamp())


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y%m%dT%H%M%SZ}"


# ------------------------------------------------------------------ whether it is true


def is_of(claim: Claim, message: Message, secret: str) -> bool:
    """Whether the claim's signature of this message was made with `secret`; takes as long for any answer."""
    made = signature(claim, message, secret)
    return hmac.compare_digest(made.encode(), claim.signature.encode("latin-1", "replace"))


def signature(claim: Claim, message: Message, secret: str) -> str:
    """What the signature has to be, in hexadecimal digits."""
    canonical = canonical_request(claim, message).encode("latin-1", "replace")
    scope = f"{claim.day}/{claim.region}/{claim.service}/{_TERMINATOR}"
    said = f"{ALGORITHM}\n{claim.moment}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    key = _signing_key(secret, claim.day, claim.region, claim.service)
    return hmac.digest(key, said.encode("latin-1", "replace"), "sha256").hex()


def canonical_request(claim: Claim, message: Message) -> str:
    """The form that both sides sign; latin-1, as headers are."""
    headers = message.headers
    lines = "".join(f"{name}:{_trimmed(headers.get(name.encode('latin-1'), b''))}\n" for name in claim.signed)
    path = _path_of_s3(message.raw_path) if claim.service == "s3" else _path(message.raw_path)
    hashed = claim.payload or hashlib.sha256(message.body).hexdigest()
    query = _query(message.query) if message.query else ""
    return f"{message.method}\n{path}\n{query}\n{lines}\n{';'.join(claim.signed)}\n{hashed}"


@functools.lru_cache(maxsize=1024)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The same for a day: remembered."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, _TERMINATOR):
        key = hmac.digest(key, part.encode("latin-1", "replace"), "sha256")
    return key


def _trimmed(value: bytes) -> str:
    text = value.decode("latin-1").strip()
    return _SPACES.sub(" ", text) if "  " in text else text


@functools.lru_cache(maxsize=4096)
def _path(raw: bytes) -> str:
    kept: list[bytes] = []
    for segment in raw.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    ends = raw.endswith(b"/") and kept
    return quote(b"/" + b"/".join(kept) + (b"/" if ends else b""), safe="/" + _UNRESERVED)


def _path_of_s3(raw: bytes) -> str:
    return raw.decode("latin-1") or "/"


@functools.lru_cache(maxsize=1024)
def _query(query: bytes) -> str:
    pairs = []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if part and name != b"X-Amz-Signature":
            pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(part: bytes) -> str:
    return quote(unquote_to_bytes(part), safe=_UNRESERVED)


def _arguments(query: bytes) -> list[tuple[str, str]]:
    pairs = (part.partition(b"=") for part in query.split(b"&"))
    return [
        (unquote_to_bytes(name).decode("latin-1"), unquote_to_bytes(value).decode("latin-1"))
        for name, _, value in pairs
    ]
