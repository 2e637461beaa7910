"""boto3's waiters and paginators of Lambda: all of those that botocore's own files list."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import boto3
import botocore.session
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
ROLE = "arn:aws:iam::123456789012:role/r"
SIGNER = "arn:aws:signer:us-east-1:123456789012:/signing-profiles/p"
LOADER = botocore.session.get_session().get_component("data_loader")
PAGINATORS = LOADER.load_service_model("lambda", "paginators-1")["pagination"]
WAITERS = LOADER.load_service_model("lambda", "waiters-2")["waiters"]
# Nothing of lamb's: durable executions and capacity providers.
NOT_BUILT = {
    "GetDurableExecutionHistory": {"DurableExecutionArn": f"{ARN}f:1/durable-execution/e/00000000-e"},
    "GetDurableExecutionState": {
        "DurableExecutionArn": f"{ARN}f:1/durable-execution/e/00000000-e",
        "CheckpointToken": "t",
    },
    "ListCapacityProviders": {},
    "ListDurableExecutionsByFunction": {"FunctionName": "f"},
    "ListFunctionVersionsByCapacityProvider": {"CapacityProviderName": "p"},
}


class Listed(NamedTuple):
    """What a paginator is asked for, and what it gives in all: a name of each item, in any order."""

    members: dict[str, Any]
    name: Callable[[Any], Any]
    everything: set[Any]


LISTED = {
    "ListAliases": Listed({"FunctionName": "f"}, lambda item: item["Name"], {"a", "b", "c"}),
    "ListCodeSigningConfigs": Listed({}, lambda item: item["Description"], {"a", "b", "c"}),
    "ListEventSourceMappings": Listed(
        {"FunctionName": "f"}, lambda item: item["EventSourceArn"][-1], {"a", "b", "c"}
    ),
    "ListFunctionEventInvokeConfigs": Listed(
        {"FunctionName": "f"}, lambda item: item["FunctionArn"][-1], {"a", "b", "c"}
    ),
    "ListFunctionUrlConfigs": Listed(
        {"FunctionName": "f"}, lambda item: item["FunctionArn"][-1], {"a", "b", "c"}
    ),
    "ListFunctions": Listed({}, lambda item: item["FunctionName"], {"f", "g", "h"}),
    "ListFunctionsByCodeSigningConfig": Listed(
        {"CodeSigningConfigArn": "the first"}, lambda item: item[-1], {"f", "g", "h"}
    ),
    "ListLayerVersions": Listed({"LayerName": "a"}, lambda item: item["Version"], {1, 2, 3}),
    "ListLayers": Listed({}, lambda item: item["LayerName"], {"a", "b", "c"}),
    "ListProvisionedConcurrencyConfigs": Listed(
        {"FunctionName": "f"}, lambda item: item["FunctionArn"][-1], {"1", "2", "3"}
    ),
    "ListVersionsByFunction": Listed(
        {"FunctionName": "f"}, lambda item: item["Version"], {"$LATEST", "1", "2", "3"}
    ),
}


def package(text: str = "def handler(event, context): return event\n") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), text)
    return packed.getvalue()


@pytest.fixture(scope="module")
def served(lamb_of_module: harness.Lamb) -> Iterator[harness.Served]:
    with lamb_of_module.serving() as served:
        yield served


@pytest.fixture(scope="module")
def empty(served: harness.Served, lamb_of_module: harness.Lamb) -> Any:
    """A client, which knows the runtime that is there."""
    made = boto3.client("lambda", **served.aws, config=Config(retries={"max_attempts": 0}))
    made.runtime = lamb_of_module.runtime
    return made


@pytest.fixture(scope="module")
def aws(empty: Any, served: harness.Served) -> Any:
    """The client, over a home with three of everything that is listed."""
    for name in ("f", "g", "h"):
        create(empty, name)
        waited(empty, "function_active_v2", FunctionName=name)
    for number, name in enumerate("abc", start=1):
        fill(empty, served, number, name)
    for name in ("f", "g", "h"):
        empty.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=first_config(empty))
    return empty


def create(aws: Any, name: str) -> None:
    aws.create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime=aws.runtime,
        Handler="app.handler",
        Code={"ZipFile": package()},
    )


def fill(aws: Any, served: harness.Served, number: int, name: str) -> None:
    """One more of everything: of `f` a version, an alias `name` and what that can have; a layer; a signer."""
    aws.update_function_configuration(FunctionName="f", Description=name)
    waited(aws, "function_updated_v2", FunctionName="f")
    aws.publish_version(FunctionName="f")
    version = {"FunctionName": "f", "Qualifier": str(number)}
    aws.put_provisioned_concurrency_config(**version, ProvisionedConcurrentExecutions=1)
    aws.create_alias(FunctionName="f", Name=name, FunctionVersion="$LATEST")
    aws.put_function_event_invoke_config(FunctionName="f", Qualifier=name, MaximumRetryAttempts=0)
    aws.create_function_url_config(FunctionName="f", Qualifier=name, AuthType="NONE")
    boto3.client("sqs", **served.aws).create_queue(QueueName=name)
    queue = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    aws.create_event_source_mapping(FunctionName="f", EventSourceArn=queue, Enabled=False)
    for layer in {"a", name}:
        aws.publish_layer_version(LayerName=layer, Content={"ZipFile": package()})
    aws.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [f"{SIGNER}/a1b2c3d4e5"]}, Description=name
    )


def first_config(aws: Any) -> str:
    arn: str = aws.list_code_signing_configs()["CodeSigningConfigs"][0]["CodeSigningConfigArn"]
    return arn


def waited(aws: Any, waiter: str, **members: Any) -> None:
    """boto3's waiter, which does not pause."""
    aws.get_waiter(waiter).wait(**members, WaiterConfig={"Delay": 0, "MaxAttempts": 2000})


def method_of(operation: str) -> str:
    return str(botocore.xform_name(operation))


# ------------------------------------------------------------------ waiters


def test_these_are_all_waiters_there_are(empty):
    assert set(empty.waiter_names) == {
        "function_active",
        "function_active_v2",
        "function_exists",
        "function_updated",
        "function_updated_v2",
        "published_version_active",
    }
    assert {botocore.xform_name(name) for name in WAITERS} == set(empty.waiter_names)


@pytest.mark.parametrize("waiter", ["function_exists", "function_active", "function_active_v2"])
def test_what_waits_for_a_new_function_is_served(empty, waiter):
    name = waiter.replace("_", "-")
    create(empty, name)
    waited(empty, waiter, FunctionName=name)
    if waiter != "function_exists":
        assert empty.get_function_configuration(FunctionName=name)["State"] == "Active"
    empty.delete_function(FunctionName=name)


@pytest.mark.parametrize("waiter", ["function_updated", "function_updated_v2"])
def test_what_waits_for_an_update_is_served(aws, waiter):
    changing = aws.update_function_code(FunctionName="g", ZipFile=package(f"# {waiter}\n"))
    assert changing["LastUpdateStatus"] == "InProgress"
    waited(aws, waiter, FunctionName="g")
    assert aws.get_function_configuration(FunctionName="g")["LastUpdateStatus"] == "Successful"


def test_what_waits_for_a_version_is_served(aws):
    published = aws.update_function_code(FunctionName="h", ZipFile=package("# new\n"), Publish=True)
    waited(aws, "published_version_active", FunctionName="h", Qualifier=published["Version"])
    shown = aws.get_function_configuration(FunctionName="h", Qualifier=published["Version"])
    assert shown["State"] == "Active"


def test_who_waits_for_what_is_not_there_is_told_so(empty):
    pace = {"Delay": 0, "MaxAttempts": 2}
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        empty.get_waiter("function_exists").wait(FunctionName="nobody", WaiterConfig=pace)
    with pytest.raises(WaiterError, match=f"Function not found: {ARN}nobody"):
        empty.get_waiter("function_active_v2").wait(FunctionName="nobody", WaiterConfig=pace)


# ------------------------------------------------------------------ paginators


def test_every_paginator_of_botocore_is_tried_here():
    assert set(PAGINATORS) == LISTED.keys() | NOT_BUILT.keys()


@pytest.mark.parametrize("operation", sorted(LISTED))
def test_every_item_comes_once_over_several_pages(aws, operation):
    listed = LISTED[operation]
    members = dict(listed.members)
    if "CodeSigningConfigArn" in members:
        members["CodeSigningConfigArn"] = first_config(aws)
    paginator = aws.get_paginator(method_of(operation))
    key = PAGINATORS[operation]["result_key"]
    for size in (1, 2, 50):
        pages = list(paginator.paginate(**members, PaginationConfig={"PageSize": size}))
        names = [listed.name(item) for page in pages for item in page[key]]
        assert sorted(names, key=str) == sorted(listed.everything, key=str)
        assert all(len(page[key]) <= size for page in pages)
        assert len([page for page in pages if page[key]]) == -(-len(listed.everything) // size)
        assert [bool(page.get("NextMarker")) for page in pages] == [True] * (len(pages) - 1) + [False]


@pytest.mark.parametrize("operation", sorted(LISTED))
def test_a_walk_can_be_interrupted_and_taken_up_again(aws, operation):
    listed = LISTED[operation]
    members = dict(listed.members)
    if "CodeSigningConfigArn" in members:
        members["CodeSigningConfigArn"] = first_config(aws)
    paginator, key = aws.get_paginator(method_of(operation)), PAGINATORS[operation]["result_key"]
    first = paginator.paginate(**members, PaginationConfig={"MaxItems": 2, "PageSize": 1}).build_full_result()
    rest = paginator.paginate(
        **members, PaginationConfig={"StartingToken": first["NextToken"]}
    ).build_full_result()
    names = [listed.name(item) for part in (first, rest) for item in part[key]]
    assert (len(first[key]), sorted(names, key=str)) == (2, sorted(listed.everything, key=str))


@pytest.mark.parametrize("operation", sorted(NOT_BUILT))
def test_a_paginator_of_what_lamb_has_not_says_so(empty, operation):
    pages = empty.get_paginator(method_of(operation)).paginate(**NOT_BUILT[operation])
    with pytest.raises(ClientError, match=operation) as caught:
        list(pages)
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
