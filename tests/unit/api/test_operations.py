"""Lambda's operations, one by one: which lamb serves, and what it says of the others."""

from __future__ import annotations

import re

import pytest
from unit.api.desk import Desk

from lamb.api import invocations, routes, streamed
from lamb.api.members import OPERATIONS

SERVED = [
    "CreateFunction",
    "GetFunction",
    "GetFunctionConfiguration",
    "ListFunctions",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "DeleteFunction",
    "GetAccountSettings",
    "Invoke",
    "InvokeWithResponseStream",
    "InvokeAsync",
    "PublishVersion",
    "ListVersionsByFunction",
    "CreateAlias",
    "GetAlias",
    "ListAliases",
    "UpdateAlias",
    "DeleteAlias",
    "PutFunctionEventInvokeConfig",
    "UpdateFunctionEventInvokeConfig",
    "GetFunctionEventInvokeConfig",
    "ListFunctionEventInvokeConfigs",
    "DeleteFunctionEventInvokeConfig",
    "CreateEventSourceMapping",
    "GetEventSourceMapping",
    "ListEventSourceMappings",
    "UpdateEventSourceMapping",
    "DeleteEventSourceMapping",
    "PutFunctionConcurrency",
    "GetFunctionConcurrency",
    "DeleteFunctionConcurrency",
    "PutProvisionedConcurrencyConfig",
    "GetProvisionedConcurrencyConfig",
    "ListProvisionedConcurrencyConfigs",
    "DeleteProvisionedConcurrencyConfig",
    "CreateFunctionUrlConfig",
    "GetFunctionUrlConfig",
    "ListFunctionUrlConfigs",
    "UpdateFunctionUrlConfig",
    "DeleteFunctionUrlConfig",
    "AddPermission",
    "GetPolicy",
    "RemovePermission",
    "TagResource",
    "UntagResource",
    "ListTags",
    "PublishLayerVersion",
    "GetLayerVersion",
    "GetLayerVersionByArn",
    "ListLayers",
    "ListLayerVersions",
    "DeleteLayerVersion",
    "AddLayerVersionPermission",
    "GetLayerVersionPolicy",
    "RemoveLayerVersionPermission",
    "GetRuntimeManagementConfig",
    "PutRuntimeManagementConfig",
    "GetFunctionRecursionConfig",
    "PutFunctionRecursionConfig",
    "CreateCodeSigningConfig",
    "GetCodeSigningConfig",
    "ListCodeSigningConfigs",
    "UpdateCodeSigningConfig",
    "DeleteCodeSigningConfig",
    "ListFunctionsByCodeSigningConfig",
    "PutFunctionCodeSigningConfig",
    "GetFunctionCodeSigningConfig",
    "DeleteFunctionCodeSigningConfig",
]
# Fleets of instances have no meaning on one machine; what the SDK of AWS keeps of executions is not built,
# nor whole policies, put in one piece, which came with the newest SDKs.
REFUSED = [
    "DeleteDurableExecution",
    "DeleteResourcePolicy",
    "GetResourcePolicy",
    "PauseDurableExecution",
    "PutResourcePolicy",
    "ResumeDurableExecution",
    "CreateCapacityProvider",
    "GetCapacityProvider",
    "ListCapacityProviders",
    "UpdateCapacityProvider",
    "DeleteCapacityProvider",
    "ListFunctionVersionsByCapacityProvider",
    "GetFunctionScalingConfig",
    "PutFunctionScalingConfig",
    "CheckpointDurableExecution",
    "GetDurableExecution",
    "GetDurableExecutionHistory",
    "GetDurableExecutionState",
    "ListDurableExecutionsByFunction",
    "StopDurableExecution",
    "SendDurableExecutionCallbackSuccess",
    "SendDurableExecutionCallbackFailure",
    "SendDurableExecutionCallbackHeartbeat",
]
INVOKING = {
    "Invoke": invocations.invoke,
    "InvokeWithResponseStream": streamed.invoke,
    "InvokeAsync": streamed.invoke_async,
}


def test_each_operation_is_either_served_or_refused() -> None:
    assert len(SERVED) + len(REFUSED) == len(OPERATIONS)
    assert set(SERVED) | set(REFUSED) == OPERATIONS.keys()


@pytest.mark.parametrize("operation", SERVED)
def test_an_operation_that_is_served_has_someone_who_does_it(operation: str) -> None:
    if operation not in INVOKING:
        assert callable(routes.HANDLERS[operation])
        return
    path = re.sub(r"\{\w+\}", "f", OPERATIONS[operation]["path"])
    scope = {"method": OPERATIONS[operation]["method"], "raw_path": path.encode()}
    assert routes.invoking(scope) is INVOKING[operation]


def test_nobody_does_what_is_refused() -> None:
    assert routes.HANDLERS.keys().isdisjoint(REFUSED)


@pytest.mark.parametrize("operation", REFUSED)
def test_an_operation_that_is_refused_is_named(desk: Desk, operation: str) -> None:
    path = re.sub(r"\{\w+\}", "x", OPERATIONS[operation]["path"])
    answer = desk.ask(OPERATIONS[operation]["method"], path, b"{}")
    assert (answer.status, answer.error) == (501, "UnknownOperationException")
    assert operation in answer.document["Message"]
