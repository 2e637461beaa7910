from __future__ import annotations

import re

import pytest
from unit.core.plane import ARN, FIRST, PLACE, ref

from lamb.core import code_signing, functions
from lamb.model.code_signing import CodeSigningChanges
from lamb.model.errors import (
    CodeSigningConfigNotFound,
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.names import Place
from lamb.model.requests import Page

SIGNER = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p"
UNKNOWN = f"arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-{'0' * 17}"


def create(plane, **members):
    wanted = CodeSigningChanges(**{"publishers": [SIGNER], **members})
    return code_signing.create(plane.core, PLACE, wanted, {})


def test_a_config_warns_unless_it_is_told_to_enforce(plane):
    config = create(plane)
    assert re.fullmatch("csc-[a-z0-9]{17}", config.key.id)
    assert (config.policy, config.description, config.publishers) == ("Warn", None, [SIGNER])
    assert code_signing.get(plane.core, PLACE, config.key.arn) == config


def test_an_update_changes_what_is_given(plane):
    arn = create(plane, policy="Enforce", description="d").key.arn
    plane.clock.advance(seconds=1)
    changed = code_signing.update(plane.core, PLACE, arn, CodeSigningChanges(policy="Warn"))
    assert (changed.policy, changed.description, changed.publishers) == ("Warn", "d", [SIGNER])
    assert code_signing.get(plane.core, PLACE, arn) == changed


def test_configs_are_listed_in_pages_and_by_place(plane):
    ids = sorted(create(plane).key.id for _ in range(3))
    first, marker = code_signing.list_configs(plane.core, PLACE, Page(max_items=2))
    second, end = code_signing.list_configs(plane.core, PLACE, Page(marker, 2))
    assert ([config.key.id for config in first + second], end) == (ids, None)
    assert code_signing.list_configs(plane.core, Place(region="eu-west-1"), FIRST) == ([], None)


def test_a_function_has_one_config_which_cannot_go_meanwhile(plane):
    one, two = create(plane).key, create(plane).key
    for name in ("f", "g"):
        plane.create(name)
        code_signing.put_for(plane.core, ref(name), one.arn)
    assert code_signing.list_functions(plane.core, PLACE, one.arn, Page(max_items=1))[0] == [ARN]
    with pytest.raises(ResourceConflict, match="is used by at least one function"):
        code_signing.delete(plane.core, PLACE, one.arn)
    code_signing.put_for(plane.core, ref(), two.arn)
    assert code_signing.get_for(plane.core, ref()) == two
    functions.delete(plane.core, ref("g"))
    code_signing.delete(plane.core, PLACE, one.arn)
    for _ in range(2):  # the second time there is nothing to take away
        code_signing.delete_for(plane.core, ref())
    assert code_signing.get_for(plane.core, ref()) is None
    assert code_signing.list_functions(plane.core, PLACE, two.arn, FIRST) == ([], None)


def test_what_is_missing_is_said_in_two_ways(plane):
    words = f"The Lambda code signing configuration {UNKNOWN} can not be found."
    for ask in (code_signing.get, code_signing.delete):
        with pytest.raises(ResourceNotFound) as caught:
            ask(plane.core, PLACE, UNKNOWN)
        assert (caught.value.message, caught.value.typed) == (words, False)
    with pytest.raises(CodeSigningConfigNotFound, match=f"provided configuration is not deleted: {UNKNOWN}"):
        code_signing.put_for(plane.core, ref(), UNKNOWN)
    arn = create(plane).key.arn
    for ask in (
        lambda: code_signing.put_for(plane.core, ref(), arn),
        lambda: code_signing.get_for(plane.core, ref()),
        lambda: code_signing.delete_for(plane.core, ref()),
    ):
        with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}$"):
            ask()
    with pytest.raises(ResourceNotFound):
        code_signing.get(plane.core, Place(region="eu-west-1"), arn)


def test_a_version_has_no_config(plane):
    arn = create(plane).key.arn
    plane.create(publish=True)
    with pytest.raises(InvalidParameterValue, match=r"^This operation is permitted on Lambda functions only"):
        code_signing.put_for(plane.core, ref(qualifier="1"), arn)
