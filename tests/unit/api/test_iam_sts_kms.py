"""IAM, STS and KMS on the wire: whatever is asked for, an answer in AWS's words comes back."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.api.counter import Counter

from lamb.api import iam, kms, sts
from lamb.api.neighbour_members import _tables

FORM = {"content-type": "application/x-www-form-urlencoded"}
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
ROLE = "arn:aws:iam::123456789012:role/r"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TRUST = POLICY.replace('"Resource":"*"', '"Principal":{"AWS":"*"}').replace('"*","P', '"sts:AssumeRole","P')
TEXTS = [
    "r", "p", "v1", "v2", "x" * 70, "", "/", "/a/", "\0", "ü", "\ud800", "{}", "[]", '{"Statement":[1]}',
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":1,"Condition":[]}}', POLICY, TRUST, ROLE,
    "arn:aws:iam::123456789012:policy/p", "arn:aws:iam::aws:policy/AWSDenyAll", "alias/a", "alias/aws/lambda",
    "arn:aws:kms:us-east-1:123456789012:key/", "arn:aws:kms:us-east-1:123456789012:alias/a", "AAAA", "W10=",
]  # fmt: skip
MADE = {
    "CreateRole": {"RoleName": "r", "AssumeRolePolicyDocument": TRUST},
    "CreatePolicy": {"PolicyName": "p", "PolicyDocument": POLICY},
}
OPERATIONS = [
    *(("iam", name) for name in sorted(iam.HANDLERS)),
    *(("sts", name) for name in sorted(sts.HANDLERS)),
    *(("kms", name) for name in sorted(kms.HANDLERS)),
]


class Desk(Counter):
    """One request to one of the three."""

    def ask_json(self, operation: str, document: Any) -> Any:
        headers = {"x-amz-target": f"TrentService.{operation}", "content-type": "application/x-amz-json-1.1"}
        return self.tell(lambda: self.post("/", json.dumps(document).encode(), headers))

    def ask_form(self, service: str, operation: str, form: dict[str, str]) -> Any:
        whole = {"Action": operation, "Version": VERSIONS[service], **form}
        content = urlencode(whole, errors="replace").encode()
        return self.tell(lambda: self.post("/", content, FORM))


@pytest.fixture
def desk(core: Any) -> Desk:
    """With a role, a policy, and a key that has an alias."""
    made = Desk(core)
    for operation, form in MADE.items():
        assert made.ask_form("iam", operation, form).status == 200
    key = made.ask_json("CreateKey", {}).document["KeyMetadata"]["KeyId"]
    assert made.ask_json("CreateAlias", {"AliasName": "alias/a", "TargetKeyId": key}).status == 200
    return made


def values(shapes: Any, name: str, depth: int = 0) -> st.SearchStrategy[Any]:
    """JSON values that are near what a shape wants, and some that are far from it."""
    shape = shapes[name]
    kind = shape["type"]
    near: st.SearchStrategy[Any]
    if kind == "structure":
        wanted = {m: values(shapes, ref["shape"], depth + 1) for m, ref in shape["members"].items()}
        needed = {m: wanted.pop(m) for m in shape.get("required", ())}
        near = st.fixed_dictionaries(needed, optional=wanted)
    elif kind == "list":
        near = st.lists(values(shapes, shape["member"], depth + 1), max_size=2)
    elif kind == "map":
        near = st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(TEXTS), max_size=2)
    elif "enum" in shape:
        near = st.sampled_from(shape["enum"])
    elif kind == "boolean":
        near = st.booleans()
    elif kind in ("integer", "long"):
        near = st.sampled_from([-1, 0, 1, 7, 30, 900, 3600, 99_999, 1 << 70])
    else:
        near = st.sampled_from(TEXTS)
    return near if depth == 0 else near | st.sampled_from([None, 7, {}, []])


def flat(name: str, value: Any) -> dict[str, str]:
    """A document as the fields of a form."""
    if isinstance(value, dict):
        return {
            k: v for key, item in value.items() for k, v in flat(f"{name}.{key}".strip("."), item).items()
        }
    if isinstance(value, list):
        numbered = enumerate(value, start=1)
        return {k: v for at, item in numbered for k, v in flat(f"{name}.member.{at}", item).items()}
    return {} if value is None else {name: str(value)}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_anything_is_answered_and_nothing_is_a_bug(desk: Desk, data: st.DataObject) -> None:
    service, operation = data.draw(st.sampled_from(OPERATIONS))
    table = _tables()[service]
    document = data.draw(values(table["shapes"], table["operations"].get(operation, "")))
    if service == "kms":
        answer = desk.ask_json(operation, document)
    else:
        answer = desk.ask_form(service, operation, flat("", document))
    assert answer.status in (200, 400, 403, 404, 409, 412), (operation, document, answer.body)
    if answer.status != 200 and service == "kms":
        assert json.loads(answer.body)["__type"].endswith("Exception")


def test_half_a_character_is_refused(desk: Desk) -> None:
    answer = desk.ask_json("CreateKey", {"Description": "\ud800"})
    assert (answer.status, answer.error) == (400, "SerializationException")
