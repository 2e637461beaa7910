"""Where code comes from, and the links that it is read back by."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from lamb.api.messages import Call, Response
from lamb.api.services import Services
from lamb.core import buckets
from lamb.core import live as live_code
from lamb.model.errors import AccessDenied, InvalidParameterValue, LambError, ResourceNotFound
from lamb.model.xml import escape

_PATH = "/_lamb/code/"
_LIVE_BUCKET = "hot-reload"
_XML = (b"content-type", b"application/xml")


def given(call: Call, members: Mapping[str, Any]) -> bytes | None:
    """The zip that a request brings, or that lies in the bucket which it names; None without any.

    Raises InvalidParameterValue, AccessDenied.
    """
    zipped: bytes | None = members.get("ZipFile")
    named = [name for name in ("S3Bucket", "S3Key", "S3ObjectVersion") if name in members]
    if zipped is not None:
        if named:
            raise InvalidParameterValue(
                "Please do not provide other FunctionCode parameters when providing a ZipFile."
            )
        return zipped
    if not named:
        return None
    for name in ("S3Bucket", "S3Key"):
        if name not in members:
            raise InvalidParameterValue(f"Please provide {name} when providing {named[0]}.")
    directory = live(members)
    if directory is not None:
        return live_code.package(directory)
    where = buckets.Object(members["S3Bucket"], members["S3Key"], members.get("S3ObjectVersion"))
    return buckets.read(call.core, where, call.place.region)


def live(members: Mapping[str, Any]) -> str | None:
    """The directory of `s3://hot-reload/absolute/path`, the spelling that other emulators have for it."""
    if members.get("S3Bucket") != _LIVE_BUCKET or "S3Key" not in members:
        return None
    return live_code.directory(members["S3Key"])


def refuse_live(members: Mapping[str, Any]) -> None:
    """A role may make functions; that is no permission to read directories of the host. AccessDenied."""
    for part in (members, members.get("Code"), members.get("Content")):
        if isinstance(part, Mapping) and part.get("S3Bucket") == _LIVE_BUCKET:
            raise AccessDenied("Only the owner of this home may name a live directory, and no role")


def location(call: Call, code_sha256: str) -> str:
    """A link that leads to the very zip, for ten minutes and whoever has it."""
    path = _PATH + name_of(code_sha256)
    return f"{call.base_url}{path}?{call.core.tickets.sign(path)}"


def is_link(scope: Mapping[str, Any]) -> bool:
    """Whether a request comes by such a link: it needs no other credentials."""
    return scope["method"] == "GET" and str(scope["path"]).startswith(_PATH)


async def follow(services: Services, scope: Mapping[str, Any], refuse_pages: Callable[[], None]) -> Response:
    """The zip, or S3's answer to a link that is not good (any more). `refuse_pages`: of other origins."""
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    try:
        refuse_pages()
        services.core.tickets.check(scope["path"], query)
        sha256 = sha256_of(scope["path"].removeprefix(_PATH))
        zipped = await services.run(services.core.shelf.open, sha256)
    except LambError as error:
        return _refusal(error)
    return Response(200, [(b"content-type", b"application/zip")], zipped)


def name_of(code_sha256: str) -> str:
    """A CodeSha256 as a path segment."""
    return code_sha256.translate(str.maketrans("+/", "-_"))


def sha256_of(name: str) -> str:
    """The CodeSha256 that `name_of` gave this segment for; ResourceNotFound for anything else."""
    try:
        digest = urlsafe_b64decode(name)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ResourceNotFound
    return urlsafe_b64encode(digest).decode().translate(str.maketrans("-_", "+/"))


def _refusal(error: LambError) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
    )
    return Response(error.status, [_XML], text.encode())
