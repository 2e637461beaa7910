"""Packages that lie in S3 buckets: in directories of this host, or where the S3 endpoint is.

`<buckets>/<bucket>/<key>` comes first; the endpoint is what the environment names, and boto3 knows it.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any, NamedTuple

from lamb.core.context import Core
from lamb.model.errors import AccessDenied, InvalidParameterValue
from lamb.model.limits import UNZIPPED_MAX_BYTES
from lamb.packages.archive import UNZIPPED_TOO_LARGE

_CONNECT_S, _READ_S, _TRIES = 2, 5, 2
_DOWNLOAD_S = 60.0
_PIECE_BYTES = 1 << 20
_MESSAGES = {
    "NoSuchBucket": "The specified bucket does not exist",
    "NoSuchKey": "The specified key does not exist.",
    "NoSuchVersion": "The specified version does not exist.",
}


class Object(NamedTuple):
    """What a request names."""

    bucket: str
    key: str
    version: str | None = None


def read(core: Core, wanted: Object, region: str) -> bytes:
    """The object's bytes. May wait for a network, but at most a minute.

    Raises InvalidParameterValue with what S3 says, AccessDenied.
    """
    folder = _bucket_folder(core.buckets, wanted.bucket)
    if folder is not None:
        try:
            return _from_folder(folder, wanted)
        finally:
            os.close(folder)
    if core.s3_named:
        return _from_endpoint(wanted, region)
    hint = "AWS_ENDPOINT_URL_S3 names a real S3, before lamb starts"
    if core.buckets is not None:
        hint = f"put the zip at {core.buckets / wanted.bucket}/{wanted.key}, or: {hint}"
    raise _refused("NoSuchBucket", hint=hint)


def _bucket_folder(buckets: Path | None, bucket: str) -> int | None:
    if buckets is None or bucket in {".", ".."} or "/" in bucket:
        return None
    try:
        return os.open(buckets / bucket, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise _forbidden(Object(bucket, "")) from None


def _from_folder(folder: int, wanted: Object) -> bytes:
    """No key leads out of its bucket: neither by its spelling nor over a link."""
    *above, name = wanted.key.split("/")
    if {"", ".", ".."} & {*above, name} or "\0" in wanted.key:
        raise _refused("NoSuchKey")
    here = os.dup(folder)
    try:
        for part in above:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, dir_fd=here), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _refused("NoSuchKey")
            if wanted.version not in (None, "null"):
                raise _refused("NoSuchVersion", hint="a directory has no versions of its files")
            if status.st_size >= UNZIPPED_MAX_BYTES:
                raise InvalidParameterValue(UNZIPPED_TOO_LARGE)
            return file.read(UNZIPPED_MAX_BYTES)
    except PermissionError:
        raise _forbidden(wanted) from None
    except (OSError, UnicodeEncodeError):
        raise _refused("NoSuchKey") from None
    finally:
        os.close(here)


def _from_endpoint(wanted: Object, region: str) -> bytes:
    try:
        import boto3  # noqa: PLC0415 - optional, and half a second
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError:
        raise InvalidParameterValue(
            "Code in S3 needs boto3, which is not installed", hint="pip install 'lamb[aws]'"
        ) from None
    config = Config(
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        retries={"total_max_attempts": _TRIES},
        s3={"addressing_style": "path"},
    )
    version = {} if wanted.version is None else {"VersionId": wanted.version}
    try:
        client = boto3.client("s3", config=config, region_name=region)
        answer = client.get_object(Bucket=wanted.bucket, Key=wanted.key, **version)
        return _drained(answer["Body"])
    except ClientError as error:
        raise _said(wanted, error.response) from error
    except (BotoCoreError, OSError) as error:
        raise InvalidParameterValue(
            f"Error occurred while GetObject. S3 could not be reached: {error}",
            hint="AWS_ENDPOINT_URL_S3 and the credentials are those that lamb was started with",
        ) from error


def _drained(body: Any) -> bytes:
    deadline = time.monotonic() + _DOWNLOAD_S
    pieces, size = [], 0
    for piece in body.iter_chunks(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size >= UNZIPPED_MAX_BYTES:
            raise InvalidParameterValue(UNZIPPED_TOO_LARGE)
        if time.monotonic() > deadline:
            raise InvalidParameterValue(
                f"Error occurred while GetObject. S3 did not send all of it within {_DOWNLOAD_S:.0f} s"
            )
    return b"".join(pieces)


def _said(wanted: Object, response: Any) -> AccessDenied | InvalidParameterValue:
    """What Lambda makes of an error of S3."""
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    region = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region")
    if code in {"AccessDenied", "403"} or status == 403:
        return _forbidden(wanted, code, message)
    if code in {"PermanentRedirect", "301"} and region:
        message = f"The bucket is in this region: {region}. Please use this region to retry the request"
        return _refused("PermanentRedirect", message)
    return _refused(code, _MESSAGES.get(code, message))


def _refused(code: str, message: str = "", *, hint: str = "") -> InvalidParameterValue:
    said = message or _MESSAGES.get(code, "")
    return InvalidParameterValue(
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {said}", hint=hint
    )


def _forbidden(wanted: Object, code: str = "AccessDenied", message: str = "Access Denied") -> AccessDenied:
    return AccessDenied(
        "Your access has been denied by S3, please make sure your request credentials have permission to "
        f"GetObject for {wanted.bucket}/{wanted.key}. S3 Error Code: {code}. S3 Error Message: {message}"
    )
