from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from lamb.model import errors
from lamb.model.wire import decode, encode, new_id


def body(error: errors.LambError) -> dict[str, object]:
    document: dict[str, object] = json.loads(encode(error)[2])
    return document


def test_most_errors_spell_message_in_lower_case_and_carry_a_type() -> None:
    assert body(errors.InvalidParameterValue("no")) == {"Type": "User", "message": "no"}
    assert body(errors.ResourceConflict("no")) == {"Type": "User", "message": "no"}


def test_not_found_spells_message_with_a_capital() -> None:
    assert body(errors.ResourceNotFound("gone")) == {"Type": "User", "Message": "gone"}


def test_a_validation_failure_has_no_type() -> None:
    assert body(errors.ValidationFailure("a", "b")) == {"message": "2 validation errors detected: a; b"}


def test_a_check_that_aws_leaves_untyped_stays_untyped() -> None:
    assert body(errors.InvalidParameterValue("no", typed=False)) == {"message": "no"}


def test_a_throttle_names_its_reason_and_when_to_come_back() -> None:
    error = errors.TooManyRequests("ConcurrentInvocationLimitExceeded", retry_after_s=2)
    status, headers, _ = encode(error)
    assert status == 429
    assert ("retry-after", "2") in headers
    assert body(error) == {
        "Reason": "ConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


def test_access_denied_without_a_message_has_a_null_one() -> None:
    assert body(errors.AccessDenied("")) == {"Message": None}


def with_codes(kind: type[errors.LambError]) -> Iterator[type[errors.LambError]]:
    """Every kind below that has a code of its own. Other services' errors may be loaded, too: not those."""
    for below in kind.__subclasses__():
        if "code" in vars(below) and below.__module__ == errors.__name__:
            yield below
        yield from with_codes(below)


OURS = [errors.ServiceFailure, *with_codes(errors.LambError)]


@pytest.mark.parametrize("kind", sorted(OURS, key=lambda kind: kind.__name__))
def test_every_error_comes_back_as_itself(kind: type[errors.LambError]) -> None:
    sent = kind("why")
    status, headers, content = encode(sent)
    received = decode(status, dict(headers)["x-amzn-errortype"], content)
    assert type(received) is kind
    assert received.message == sent.message
    assert (received.code, received.status) == (kind.code, kind.status)


def test_a_hint_travels_along() -> None:
    sent = errors.HomeUnusable("broken")
    sent.hint = "mend it"
    status, headers, content = encode(sent)
    assert decode(status, dict(headers)["x-amzn-errortype"], content).hint == "mend it"


def test_the_reason_of_a_throttle_travels_along() -> None:
    status, _, content = encode(errors.TooManyRequests("CallerRateLimitExceeded"))
    received = decode(status, "TooManyRequestsException", content)
    assert isinstance(received, errors.TooManyRequests)
    assert received.reason == "CallerRateLimitExceeded"


def test_an_answer_that_lamb_did_not_write_is_still_an_error() -> None:
    received = decode(418, None, b"teapot")
    assert (received.status, received.message) == (418, "teapot")


def test_a_text_that_quotes_half_a_character_is_an_answer_all_the_same():
    _, _, body = encode(errors.InvalidParameterValue("Value '\ud800' at 'x'"))
    assert json.loads(body)["message"] == "Value '?' at 'x'"


def test_request_ids_have_the_form_of_random_uuids_and_sort_by_their_time(monkeypatch):
    ids = []
    for millis in (1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000):
        monkeypatch.setattr("time.time_ns", lambda millis=millis: millis * 1_000_000)
        ids += sorted(new_id() for _ in range(50))
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    for text in ids:
        parsed = uuid.UUID(text)
        assert (parsed.version, parsed.variant, str(parsed)) == (4, uuid.RFC_4122, text)
