"""Reserved concurrency of functions, provisioned concurrency of versions and aliases."""

from __future__ import annotations

from lamb.api import shapes
from lamb.api.messages import Call, Reply, Response, json_response
from lamb.api.own import Ask
from lamb.core import concurrency, provisioned

_WAIT_MAX_S = 60.0


def put(call: Call) -> Reply:
    wanted = call.members["ReservedConcurrentExecutions"]
    return Reply({"ReservedConcurrentExecutions": concurrency.put(call.core, call.reference(), wanted)})


def get(call: Call) -> Reply:
    reserved = concurrency.get(call.core, call.reference())
    return Reply({} if reserved is None else {"ReservedConcurrentExecutions": reserved})


def delete(call: Call) -> Reply:
    concurrency.delete(call.core, call.reference())
    return Reply(status=204)


def put_provisioned(call: Call) -> Reply:
    wanted = call.members["ProvisionedConcurrentExecutions"]
    return Reply(shapes.provision(provisioned.put(call.core, call.reference(), wanted)))


def get_provisioned(call: Call) -> Reply:
    return Reply(shapes.provision(provisioned.get(call.core, call.reference())))


def list_provisioned(call: Call) -> Reply:
    found, marker = provisioned.list_provisioned(call.core, call.reference().key, call.page())
    listed = [{"FunctionArn": view.arn, **shapes.provision(view)} for view in found]
    return Reply({"ProvisionedConcurrencyConfigs": listed, **({"NextMarker": marker} if marker else {})})


def delete_provisioned(call: Call) -> Reply:
    provisioned.delete(call.core, call.reference())
    return Reply(status=204)


async def until_provisioned(ask: Ask) -> Response:
    """GetProvisionedConcurrencyConfig, but waits for at most `timeout_ms` while it is in progress."""
    wanted_ms = ask.argument("timeout_ms")
    timeout_s = _WAIT_MAX_S if wanted_ms is None else min(wanted_ms / 1000, _WAIT_MAX_S)
    core, reference = ask.services.core, ask.reference()
    version = (await ask.services.run(provisioned.get, core, reference)).version
    await ask.services.provisioned.settled(reference.key, version, timeout_s)
    return json_response(shapes.provision(await ask.services.run(provisioned.get, core, reference)))
