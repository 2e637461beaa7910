"""A release as deployment tools do it with boto3: publish, shift traffic, guard, go back."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config

DRAWS = 400
SHARE = 0.25


def package(answer: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, f"def handler(event, context):\n    return {answer!r}\n")
    return packed.getvalue()


@pytest.fixture(scope="module")
def aws(workshop: harness.Workshop) -> Iterator[Any]:
    """A client of a lamb whose draws of weighted aliases are those of seed 1."""
    lamb = harness.Lamb(harness.ourselves(), workshop.place(), {"LAMB_SEED": "1"})
    with lamb.serving() as served:
        made = boto3.client("lambda", **served.aws, config=Config(retries={"total_max_attempts": 1}))
        made.runtime = lamb.runtime
        yield made
    lamb.close()


@pytest.fixture
def shop(aws: Any, request: pytest.FixtureRequest) -> str:
    """A function with the versions 1 and 2, each of which answers with its number; alias `live` on 1."""
    name: str = request.node.name[:64]
    aws.create_function(
        FunctionName=name,
        Role="arn:aws:iam::123456789012:role/r",
        Runtime=aws.runtime,
        Handler="app.handler",
        Code={"ZipFile": package("1")},
        Publish=True,
    )
    aws.get_waiter("function_active_v2").wait(FunctionName=name)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    aws.update_function_code(FunctionName=name, ZipFile=package("2"), Publish=True)
    aws.get_waiter("function_updated_v2").wait(FunctionName=name)
    return name


def invoke(aws: Any, name: str, qualifier: str = "$LATEST") -> tuple[str, str]:
    """(the version that answered, as the header says, as the code says)"""
    answer = aws.invoke(FunctionName=name, Qualifier=qualifier)
    return answer["ExecutedVersion"], json.load(answer["Payload"])


def test_published_versions_stay_what_they_were(aws, shop):
    before = aws.get_function_configuration(FunctionName=shop, Qualifier="1")
    variables = {"Variables": {"STAGE": "next"}}
    aws.update_function_configuration(FunctionName=shop, MemorySize=512, Environment=variables)
    aws.get_waiter("function_updated_v2").wait(FunctionName=shop)
    after = aws.get_function_configuration(FunctionName=shop, Qualifier="1")
    before.pop("ResponseMetadata"), after.pop("ResponseMetadata")
    assert after == before
    assert (invoke(aws, shop, "1"), invoke(aws, shop, "2")) == (("1", "1"), ("2", "2"))
    with pytest.raises(aws.exceptions.ClientError):
        aws.update_function_code(FunctionName=f"{shop}:1", ZipFile=package("3"))


def test_a_weighted_alias_sends_each_version_its_share_and_says_which_one_ran(aws, shop):
    routing = {"AdditionalVersionWeights": {"2": SHARE}}
    aws.update_alias(FunctionName=shop, Name="live", RoutingConfig=routing)
    drawn = [invoke(aws, shop, "live") for _ in range(DRAWS)]
    assert all(told == answered for told, answered in drawn)
    second = Counter(drawn)["2", "2"]
    # Three standard deviations of a fair draw.
    assert abs(second - DRAWS * SHARE) < 3 * (DRAWS * SHARE * (1 - SHARE)) ** 0.5
    aws.update_alias(FunctionName=shop, Name="live", FunctionVersion="2", RoutingConfig={})
    assert {invoke(aws, shop, "live") for _ in range(20)} == {("2", "2")}


def test_guards_that_do_not_hold_change_nothing(aws, shop):
    stale = "7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1"
    alias = aws.get_alias(FunctionName=shop, Name="live")
    guarded = (
        (aws.update_alias, {"Name": "live", "FunctionVersion": "2"}),
        (aws.publish_version, {}),
        (aws.update_function_configuration, {"MemorySize": 512}),
        (aws.update_function_code, {"ZipFile": package("3")}),
    )
    for operation, arguments in guarded:
        with pytest.raises(aws.exceptions.PreconditionFailedException):
            operation(FunctionName=shop, RevisionId=stale, **arguments)
    with pytest.raises(aws.exceptions.InvalidParameterValueException):
        aws.publish_version(FunctionName=shop, CodeSha256="A" * 43 + "=")
    assert aws.get_alias(FunctionName=shop, Name="live")["FunctionVersion"] == "1"
    held = aws.update_alias(
        FunctionName=shop, Name="live", FunctionVersion="2", RevisionId=alias["RevisionId"]
    )
    assert held["FunctionVersion"] == "2"


def test_what_is_in_the_way_is_a_conflict_and_what_is_missing_is_named(aws, shop):
    with pytest.raises(aws.exceptions.ResourceConflictException, match="Function already exist"):
        aws.create_function(
            FunctionName=shop,
            Role="arn:aws:iam::123456789012:role/r",
            Runtime=aws.runtime,
            Handler="app.handler",
            Code={"ZipFile": package("1")},
        )
    with pytest.raises(aws.exceptions.ResourceConflictException, match="Alias already exist"):
        aws.create_alias(FunctionName=shop, Name="live", FunctionVersion="1")
    with pytest.raises(aws.exceptions.ResourceConflictException):
        aws.delete_function(FunctionName=shop, Qualifier="1")
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"{shop}:9"):
        aws.invoke(FunctionName=shop, Qualifier="9")
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.create_alias(FunctionName=shop, Name="next", FunctionVersion="9")


def test_paginators_walk_versions_and_aliases(aws, shop):
    for number in range(3):
        aws.create_alias(FunctionName=shop, Name=f"a{number}", FunctionVersion="2")
    small = {"PageSize": 2}
    aliases = aws.get_paginator("list_aliases").paginate(FunctionName=shop, PaginationConfig=small)
    assert [alias["Name"] for page in aliases for alias in page["Aliases"]] == ["a0", "a1", "a2", "live"]
    pages = list(
        aws.get_paginator("list_versions_by_function").paginate(FunctionName=shop, PaginationConfig=small)
    )
    versions = [version["Version"] for page in pages for version in page["Versions"]]
    assert (len(pages), versions) == (2, ["$LATEST", "1", "2"])


def test_a_version_number_is_never_used_twice(aws, shop):
    aws.delete_function(FunctionName=shop, Qualifier="2")
    aws.update_function_code(FunctionName=shop, ZipFile=package("3"))
    aws.get_waiter("function_updated_v2").wait(FunctionName=shop)
    assert aws.publish_version(FunctionName=shop)["Version"] == "3"
