from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from unit.core.plane import PLACE, creation, package

from lamb.core import buckets, functions
from lamb.core.buckets import Object
from lamb.model.errors import AccessDenied, InvalidParameterValue

SAID = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}"
NO_KEY = SAID.format("NoSuchKey", "The specified key does not exist.")


@pytest.fixture
def bucket(plane, tmp_path):
    """A bucket that is a directory, with a zip in it."""
    plane.core.buckets = tmp_path / "buckets"
    place = plane.core.buckets / "code"
    (place / "v1").mkdir(parents=True)
    (place / "v1" / "app.zip").write_bytes(package())
    return place


def read(plane, bucket="code", key="v1/app.zip", version=None):
    return buckets.read(plane.core, Object(bucket, key, version), PLACE.region)


def refused(plane, kind=InvalidParameterValue, **named):
    with pytest.raises(kind) as raised:
        read(plane, **named)
    return raised.value


def test_a_key_is_a_path_below_the_bucket(plane, bucket):
    assert read(plane) == read(plane, version="null") == package()


@pytest.mark.parametrize(
    "key", ["no.zip", "v1", "v1/", "/v1/app.zip", "v1//app.zip", "v1/app.zip/x", "../code/v1/app.zip",
            "v1/../v1/app.zip", "./v1/app.zip", "v1/app.zip\0", "v1/\ud800"]
)  # fmt: skip
def test_what_is_no_file_below_the_bucket_is_no_key(plane, bucket, key):
    assert refused(plane, key=key).message == NO_KEY


@pytest.mark.parametrize("place", ["v1/link.zip", "link/app.zip"])
def test_no_link_leads_out_of_a_bucket(plane, bucket, tmp_path, place):
    (tmp_path / "app.zip").write_bytes(b"secret")
    (bucket / "v1" / "link.zip").symlink_to(tmp_path / "app.zip")
    (bucket / "link").symlink_to(tmp_path)
    assert refused(plane, key=place).message == NO_KEY


@pytest.mark.parametrize("name", ["nope", "..", "."])
def test_a_bucket_that_is_not_there_says_where_it_would_be(plane, bucket, name):
    error = refused(plane, bucket=name)
    assert error.message == SAID.format("NoSuchBucket", "The specified bucket does not exist")
    assert "AWS_ENDPOINT_URL_S3" in error.hint


def test_a_directory_has_no_versions(plane, bucket):
    assert refused(plane, version="7").message == SAID.format(
        "NoSuchVersion", "The specified version does not exist."
    )


def test_a_file_that_may_not_be_read_is_denied(plane, bucket):
    if os.getuid() == 0:
        pytest.skip("root reads everything")
    (bucket / "v1" / "app.zip").chmod(0)
    assert "S3 Error Code: AccessDenied" in refused(plane, AccessDenied).message


def test_a_zip_in_a_bucket_may_be_larger_than_an_upload(plane, bucket, monkeypatch):
    from lamb.packages import archive  # noqa: PLC0415

    monkeypatch.setattr(archive, "ZIP_MAX_BYTES", 10)
    functions.create(plane.core, PLACE, creation()._replace(zip=read(plane), uploaded=False))
    monkeypatch.setattr(buckets, "UNZIPPED_MAX_BYTES", 10)
    assert refused(plane).message == "Unzipped size must be smaller than 262144000 bytes"


# ------------------------------------------------------------------ endpoints


class S3(BaseHTTPRequestHandler):
    """Answers what the test has laid ready: status, code, more headers."""

    answer = (200, "", {})

    def do_GET(self) -> None:
        status, code, headers = self.server.answer  # type: ignore[attr-defined]
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        text = f"<Error><Code>{code}</Code><Message>as S3 says</Message></Error>".encode()
        body = package() if status == 200 else text
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def s3(plane, monkeypatch) -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), S3)
    server.answer, server.asked = (200, "", {}), []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    plane.core.s3_named = True
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_no_directory_has_comes_from_the_endpoint(plane, bucket, s3):
    assert read(plane, "elsewhere", "a/b.zip", "7") == package()
    assert s3.asked == ["/elsewhere/a/b.zip?versionId=7"]
    assert read(plane) == package()
    assert len(s3.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "NoSuchKey", "The specified key does not exist."),
        (404, "NoSuchBucket", "The specified bucket does not exist"),
        (400, "InvalidArgument", "as S3 says"),
    ],
)
def test_what_s3_says_is_said_as_lambda_says_it(plane, s3, status, code, message):
    s3.answer = (status, code, {})
    assert refused(plane).message == SAID.format(code, message)


def test_a_bucket_of_another_region_is_named_with_it(plane, s3):
    s3.answer = (301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"})
    assert refused(plane).message == SAID.format(
        "PermanentRedirect",
        "The bucket is in this region: eu-west-1. Please use this region to retry the request",
    )


def test_a_key_that_may_not_be_read_is_denied(plane, s3):
    s3.answer = (403, "AccessDenied", {})
    assert refused(plane, AccessDenied).message == (
        "Your access has been denied by S3, please make sure your request credentials have permission to "
        "GetObject for code/v1/app.zip. S3 Error Code: AccessDenied. S3 Error Message: as S3 says"
    )


def test_an_endpoint_that_is_not_there_is_an_error_with_the_fix(plane, s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    error = refused(plane)
    assert error.message.startswith("Error occurred while GetObject. S3 could not be reached: ")
    assert "AWS_ENDPOINT_URL_S3" in error.hint
    assert json.dumps(error.message)
