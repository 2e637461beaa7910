from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lamb.model import names
from lamb.model.errors import (
    AccessDenied,
    InvalidParameterValue,
    ResourceNotFound,
    ValidationFailure,
)
from lamb.model.names import FunctionKey, Place, Reference, parse_reference

HERE = Place()
KEY = FunctionKey(HERE.account, HERE.region, "f")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.mark.parametrize("spelling", ["f", "function:f", "123456789012:f", "123456789012:function:f", ARN])
@pytest.mark.parametrize("qualifier", [None, "$LATEST", "1", "live", "2024-01-02"])
@pytest.mark.parametrize("namespaced", [True, False])
def test_every_spelling_of_a_name_is_read(spelling, qualifier, namespaced):
    written = spelling if qualifier is None else f"{spelling}:{qualifier}"
    assert parse_reference(written, HERE, namespaced=namespaced) == Reference(KEY, qualifier)
    assert parse_reference(spelling, HERE, qualifier, namespaced=namespaced) == Reference(KEY, qualifier)
    assert parse_reference(written, HERE, qualifier, namespaced=namespaced) == Reference(KEY, qualifier)


def test_two_different_qualifiers_contradict_each_other():
    with pytest.raises(InvalidParameterValue) as refused:
        parse_reference("f:1", HERE, "2")
    assert refused.value.message == (
        "The derived qualifier from the function name does not match the specified qualifier."
    )


def test_another_region_is_out_of_reach():
    with pytest.raises(ResourceNotFound) as refused:
        parse_reference(ARN.replace("us-east-1", "eu-west-1"), HERE)
    assert (
        refused.value.message == "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    )


def test_another_account_is_denied_without_a_word():
    with pytest.raises(AccessDenied) as refused:
        parse_reference(ARN.replace("123456789012", "210987654321"), HERE)
    assert refused.value.message == ""


def test_a_bare_name_has_at_most_64_characters():
    assert parse_reference("a" * 64, HERE).key.name == "a" * 64
    with pytest.raises(InvalidParameterValue) as refused:
        parse_reference("a" * 65, HERE)
    assert refused.value.message == (
        f"1 validation error detected: Value '{'a' * 65}' at 'functionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )


@pytest.mark.parametrize(("namespaced", "longest"), [(True, 256), (False, 140)])
def test_a_whole_spelling_is_bounded_by_its_shape(namespaced, longest):
    text = ARN + ":" + "q" * (longest - len(ARN))
    with pytest.raises(ValidationFailure, match=f"Member must have length less than or equal to {longest}"):
        parse_reference(text, HERE, namespaced=namespaced)
    assert parse_reference(text[:longest], HERE, namespaced=namespaced).key == KEY


def test_dots_are_for_namespaced_operations_only():
    assert parse_reference("a.b", HERE).key.name == "a.b"
    with pytest.raises(ValidationFailure):
        parse_reference("a.b", HERE, namespaced=False)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "f ", "f\n", "é", "f:", ":f", "f:g:h:i", "f:$latest", "f\0", "arn:aws:s3:::b", "١٢", "f:١",
    ],
)  # fmt: skip
@pytest.mark.parametrize("namespaced", [True, False])
def test_what_is_no_name_is_refused(text, namespaced):
    with pytest.raises(ValidationFailure):
        parse_reference(text, HERE, namespaced=namespaced)


def test_arns_are_shown_as_they_were_asked_for():
    assert (Reference(KEY).arn, Reference(KEY).effective_arn) == (ARN, f"{ARN}:$LATEST")
    assert Reference(KEY, "1").arn == Reference(KEY, "1").effective_arn == f"{ARN}:1"


# ------------------------------------------------------------------ anything at all

PIECES = [
    "arn:", "aws", "aws-cn", "aws-us-gov", ":lambda:", "lambda", "us-east-1", "eu-west-1", "us-gov-west-1",
    ":", "123456789012", "210987654321", "12345", "function:", "function", "layer:", "f", "a.b", "$LATEST",
    "$LATEST.PUBLISHED", "live", "1", "0", "-", "_", "$", ".", " ", "\n", "\0", "é", "١", "x" * 64, "y" * 140,
]  # fmt: skip
spellings = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(PIECES), max_size=9).map("".join),
    st.from_regex(names.NAMESPACED_NAME_PATTERN, fullmatch=True),
    st.from_regex(names.CONTROL_NAME_PATTERN, fullmatch=True),
)
qualifiers = st.one_of(
    st.none(), st.from_regex(names.QUALIFIER_PATTERN, fullmatch=True), st.sampled_from(PIECES)
)


def _is_read_or_refused(text: str, qualifier: str | None, namespaced: bool) -> None:  # noqa: FBT001
    try:
        read = parse_reference(text, HERE, qualifier, namespaced=namespaced)
    except (ValidationFailure, InvalidParameterValue, ResourceNotFound, AccessDenied):
        return
    assert (read.key.account, read.key.region) == (HERE.account, HERE.region)
    assert re.fullmatch(r"[a-zA-Z0-9-_.]{1,64}", read.key.name, re.ASCII)
    assert qualifier is None or read.qualifier == qualifier
    # What is shown is read as the same again.
    assert qualifier is not None or parse_reference(read.arn, HERE) == read


anything = given(text=spellings, qualifier=qualifiers, namespaced=st.booleans())


@anything
@example(text="function:function", qualifier=None, namespaced=False)
@example(text="us-east-1:f", qualifier=None, namespaced=True)
@example(text="arn:lambda:f", qualifier=None, namespaced=True)
@example(text="arn::lambda:f", qualifier=None, namespaced=True)
@settings(max_examples=300, deadline=None)
def test_any_name_is_read_or_refused(text, qualifier, namespaced):
    _is_read_or_refused(text, qualifier, namespaced)


@pytest.mark.soak
@anything
@settings(max_examples=10_000, deadline=None)
def test_any_of_ten_thousand_names_is_read_or_refused(text, qualifier, namespaced):
    _is_read_or_refused(text, qualifier, namespaced)
