"""botocore signs, lamb checks: two implementations that must agree on every byte."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from lamb.model.errors import IncompleteSignature, InvalidSignature, LambError
from lamb.model.signature import (
    Message,
    canonical_request,
    is_of,
    read,
    refuse_other_scope,
    refuse_untimely,
    signature,
)

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:9000"
NOW_S = 1_769_860_800  # 20260131T120000Z


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    noon = datetime.fromtimestamp(NOW_S, timezone.utc)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_: noon)


def signed(method="POST", target="/2015-03-31/functions/f/invocations", body=b"{}", **more):
    """A message as botocore sends it, signed in its header."""
    signer = more.get("signer", SigV4Auth)(
        Credentials(KEY, SECRET, more.get("token")), more.get("service", "lambda"), "us-east-1"
    )
    request = AWSRequest(method, f"http://{HOST}{target}", {"Host": HOST, **more.get("headers", {})}, body)
    signer.add_auth(request)
    return sent(request)


def presigned(target, body=b"", method="GET", expires=60, token=None):
    signer = SigV4QueryAuth(Credentials(KEY, SECRET, token), "lambda", "us-east-1", expires)
    request = AWSRequest(method, f"http://{HOST}{target}", {"Host": HOST}, body)
    signer.add_auth(request)
    return sent(request)


def sent(request):
    path, _, query = request.url.removeprefix(f"http://{HOST}").partition("?")
    headers = {name.lower().encode(): str(value).encode() for name, value in request.headers.items()}
    return Message(request.method, path.encode(), query.encode(), headers, request.data or b"")


def good(message, secret=SECRET):
    claim = read(message.headers, message.query)
    assert claim is not None
    return is_of(claim, message, secret)


def with_header(message, name, value):
    return message._replace(headers={**message.headers, name: value})


# ------------------------------------------------------------------ what is true


def test_the_example_of_the_user_guide_comes_out_as_it_says():
    scope = f"{KEY}/20150830/us-east-1/iam/aws4_request"
    headers = {
        b"content-type": b"application/x-www-form-urlencoded; charset=utf-8",
        b"host": b"iam.amazonaws.com",
        b"x-amz-date": b"20150830T123600Z",
        b"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={'0' * 64}".encode(),
    }
    message = Message("GET", b"/", b"Action=ListUsers&Version=2010-05-08", headers, b"")
    claim = read(message.headers, message.query)
    canonical = canonical_request(claim, message).encode()
    expected = "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    assert hashlib.sha256(canonical).hexdigest() == expected
    assert signature(claim, message, SECRET) == (
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


@pytest.mark.parametrize(
    "target",
    [
        "/2015-03-31/functions/f/invocations",
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3Aprod/invocations",
        "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST",
        "/2017-03-31/tags/arn%3Aaws%3Alambda?tagKeys=b%20c&tagKeys=a&tagKeys=",
        "/",
        "/a//b/./c/../d/",
        "/%E4%BD%A0/~x-y_z.w",
    ],
)
def test_what_botocore_signs_is_true(target):
    message = signed(target=target, headers={"X-Amz-Invocation-Type": "Event", "X-Odd": "  a   b "})
    assert good(message)
    assert not good(message, SECRET[:-1])


PLAIN = st.text(st.characters(min_codepoint=1, max_codepoint=0x2FFF, exclude_categories=["Cs"]), max_size=12)
ENCODED = PLAIN.map(lambda text: quote(text, safe="-_.~"))


@given(
    st.lists(ENCODED, max_size=4),
    st.lists(st.tuples(ENCODED, ENCODED), max_size=4),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
    st.binary(max_size=40),
)
def test_whatever_is_asked_both_sides_sign_the_same(segments, arguments, header, body):
    query = "&".join(f"{name}={value}" for name, value in arguments)
    target = "/" + "/".join(segments) + (f"?{query}" if query else "")
    message = signed(target=target, body=body, headers={"X-Amz-Odd": header})
    assert good(message)


def test_a_session_token_comes_along_and_is_signed():
    message = signed(token="t0ken")
    claim = read(message.headers, message.query)
    assert (claim.key_id, claim.token) == (KEY, "t0ken")
    assert good(message)
    assert not good(with_header(message, b"x-amz-security-token", b"another"))


def test_s3_does_not_encode_its_paths_twice():
    assert good(signed("GET", "/bucket/a%20b", b"", service="s3", signer=S3SigV4Auth))


@pytest.mark.parametrize("token", [None, "t0+k/en=="])
def test_a_presigned_url_is_true(token):
    message = presigned("/2015-03-31/functions?MaxItems=5&Marker=a%2Fb", token=token)
    claim = read(message.headers, message.query)
    assert (claim.expires_s, claim.token) == (60, token)
    assert good(message)
    assert not good(message._replace(query=message.query.replace(b"MaxItems=5", b"MaxItems=6")))


def test_the_body_may_be_left_unsigned_if_that_is_signed():
    class Unsigned(SigV4Auth):
        def payload(self, request):
            return "UNSIGNED-PAYLOAD"

    headers = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    message = signed(signer=Unsigned, headers=headers)
    assert good(message._replace(body=b"another"))
    assert not good(with_header(message, b"x-amz-content-sha256", hashlib.sha256(b"{}").hexdigest().encode()))


def test_a_hash_that_is_stated_does_not_stand_in_for_the_body():
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(b"{}").hexdigest()}
    message = signed(headers=headers)
    assert good(message)
    assert not good(message._replace(body=b"[]"))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"raw_path": b"/2015-03-31/functions/g/invocations"},
        {"query": b"Qualifier=1"},
        {"body": b"[]"},
    ],
)
def test_what_was_changed_on_the_way_is_false(change):
    assert not good(signed()._replace(**change))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"host", b"127.0.0.1:9001"),
        (b"x-amz-date", b"20260131T120001Z"),
        (b"x-amz-invocation-type", b"Event"),
    ],
)
def test_a_signed_header_that_was_changed_is_false(name, value):
    message = signed(headers={"X-Amz-Invocation-Type": "RequestResponse"})
    assert not good(with_header(message, name, value))


# ------------------------------------------------------------------ what cannot be understood

SCOPE = f"{KEY}/20260131/us-east-1/lambda/aws4_request"
DATE = {b"x-amz-date": b"20260131T120000Z"}
BROKEN = [
    ("AWS4-HMAC-SHA512 Credential=a", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."),
    (
        "AWS4-HMAC-SHA256 Credential=a",
        (
            "Authorization header requires 'Signature' parameter. "
            "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256"
        ),
    ),
    (
        "Basic dXNlcjpwYXNz==",
        (
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
            "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=Basic"
        ),
    ),
    (
        f"AWS4-HMAC-SHA256 Credential={KEY}/20260131, SignedHeaders=host, Signature={'0' * 64}",
        (
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{KEY}/20260131'"
        ),
    ),
]


@pytest.mark.parametrize(("authorization", "text"), BROKEN)
def test_a_header_that_says_too_little_is_told_what_lacks(authorization, text):
    with pytest.raises(IncompleteSignature) as refused:
        read({b"authorization": authorization.encode(), **DATE}, b"")
    assert refused.value.message == text


def test_a_part_without_a_value_is_not_repeated_in_the_answer():
    with pytest.raises(IncompleteSignature, match="missing equal-sign") as refused:
        read({b"authorization": b"Bearer my-secret-token", **DATE}, b"")
    assert "my-secret-token" not in refused.value.message


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            {},
            "requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
        ),
        ({b"date": b"tomorrow"}, "Date must be in ISO-8601 'basic format'. Got 'tomorrow'."),
        ({b"x-amz-content-sha256": b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", **DATE}, "signed in chunks"),
    ],
)
def test_a_request_without_a_time_or_signed_in_chunks_is_refused(headers, text):
    authorization = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature={'0' * 64}".encode()
    with pytest.raises(IncompleteSignature) as refused:
        read({b"authorization": authorization, **headers}, b"")
    assert text in refused.value.message


def test_the_host_must_be_signed():
    authorization = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=x-amz-date, Signature={'0' * 64}"
    with pytest.raises(InvalidSignature) as refused:
        read({b"authorization": authorization.encode(), **DATE}, b"")
    assert (
        refused.value.message == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ((b"X-Amz-Date=20260131T120000Z&", b""), "must include 'X-Amz-Date'. Re-examine the query-string"),
        ((b"X-Amz-Expires=60", b"X-Amz-Expires=604801"), "must be less than a week (in seconds)"),
        ((b"X-Amz-Expires=60", b"X-Amz-Expires=-1"), "X-Amz-Expires must be non-negative"),
        ((b"X-Amz-Expires=60", b"X-Amz-Expires=soon"), "X-Amz-Expires should be a number"),
        ((b"AWS4-HMAC-SHA256", b"AWS4-ECDSA-P256-SHA256"), "Unsupported AWS 'algorithm'"),
    ],
)
def test_a_presigned_url_that_says_too_little_is_told_what_lacks(change, text):
    message = presigned("/2015-03-31/functions")
    query = message.query.replace(*change)
    assert query != message.query
    with pytest.raises(IncompleteSignature) as refused:
        read(message.headers, query)
    assert text in refused.value.message


def test_who_claims_nothing_is_nobody():
    assert read({b"host": b"localhost"}, b"MaxItems=5") is None


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_header_and_any_query_are_read_or_refused(authorization, query):
    headers = {b"authorization": authorization.encode(), **DATE}
    for given_ in (headers, {}):
        try:
            read(given_, b"X-Amz-Signature=" + query.encode())
        except LambError:
            continue


# ------------------------------------------------------------------ times and scopes


@pytest.mark.parametrize(
    ("late_s", "text"), [(-301, "not yet current"), (-300, ""), (300, ""), (301, "expired")]
)
def test_five_minutes_are_the_most_that_clocks_may_differ(late_s, text):
    message = signed()
    claim = read(message.headers, message.query)
    if not text:
        refuse_untimely(claim, NOW_S + late_s)
        return
    with pytest.raises(InvalidSignature) as refused:
        refuse_untimely(claim, NOW_S + late_s)
    told = {
        "expired": "Signature expired: 20260131T120000Z is now earlier than 20260131T120001Z "
        "(20260131T120501Z - 5 min.)",
        "not yet current": "Signature not yet current: 20260131T120000Z is still later than 20260131T115959Z "
        "(20260131T115459Z + 5 min.)",
    }
    assert refused.value.message == told[text]


def test_a_presigned_url_is_good_for_as_long_as_it_says():
    message = presigned("/2015-03-31/functions", expires=3600)
    claim = read(message.headers, message.query)
    refuse_untimely(claim, NOW_S + 3600)
    with pytest.raises(InvalidSignature, match="Signature expired"):
        refuse_untimely(claim, NOW_S + 3601)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("us-east-1", "moon", "Credential should be scoped to a valid region, not 'moon'."),
        ("lambda", "s3", "Credential should be scoped to correct service: 'lambda'."),
        (
            "/20260131/",
            "/20260130/",
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                "'20260130' != '20260131', from '20260131T120000Z'."
            ),
        ),
    ],
)
def test_a_key_that_was_made_for_something_else_is_refused(old, new, text):
    message = signed()
    headers = dict(message.headers)
    headers[b"authorization"] = headers[b"authorization"].replace(old.encode(), new.encode(), 1)
    claim = read(headers, b"")
    with pytest.raises(InvalidSignature) as refused:
        refuse_other_scope(claim, "lambda")
    assert refused.value.message == text
