"""One route table: method and path → AWS's operation, or one of lamb's own under /_lamb."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from lamb.api import (
    account,
    aliases,
    code_signing,
    concurrency,
    event_configs,
    events,
    function_urls,
    functions,
    invocations,
    keys,
    layers,
    mappings,
    own,
    permissions,
    queues,
    recursion,
    runtime_management,
    stats,
    streamed,
    versions,
)
from lamb.api.members import OPERATIONS, path_member
from lamb.api.messages import Call, Reply, Response
from lamb.model.errors import UnknownOperation

# Synchronous: they touch the store, and run in the thread pool.
HANDLERS: Mapping[str, Callable[[Call], Reply]] = {
    "AddLayerVersionPermission": layers.add_permission,
    "AddPermission": permissions.add,
    "CreateAlias": aliases.create,
    "CreateCodeSigningConfig": code_signing.create,
    "CreateEventSourceMapping": mappings.create,
    "CreateFunction": functions.create,
    "CreateFunctionUrlConfig": function_urls.create,
    "DeleteAlias": aliases.delete,
    "DeleteCodeSigningConfig": code_signing.delete,
    "DeleteEventSourceMapping": mappings.delete,
    "DeleteFunction": functions.delete,
    "DeleteFunctionCodeSigningConfig": code_signing.delete_for,
    "DeleteFunctionConcurrency": concurrency.delete,
    "DeleteFunctionEventInvokeConfig": event_configs.delete,
    "DeleteFunctionUrlConfig": function_urls.delete,
    "DeleteLayerVersion": layers.delete,
    "DeleteProvisionedConcurrencyConfig": concurrency.delete_provisioned,
    "GetAccountSettings": account.settings,
    "GetAlias": aliases.get,
    "GetCodeSigningConfig": code_signing.get,
    "GetEventSourceMapping": mappings.get,
    "GetFunction": functions.get,
    "GetFunctionCodeSigningConfig": code_signing.get_for,
    "GetFunctionConcurrency": concurrency.get,
    "GetFunctionConfiguration": functions.get_configuration,
    "GetFunctionEventInvokeConfig": event_configs.get,
    "GetFunctionRecursionConfig": recursion.get,
    "GetFunctionUrlConfig": function_urls.get,
    "GetLayerVersion": layers.get,
    "GetLayerVersionByArn": layers.get_by_arn,
    "GetLayerVersionPolicy": layers.get_policy,
    "GetPolicy": permissions.get,
    "GetProvisionedConcurrencyConfig": concurrency.get_provisioned,
    "GetRuntimeManagementConfig": runtime_management.get,
    "ListAliases": aliases.list_all,
    "ListCodeSigningConfigs": code_signing.list_all,
    "ListEventSourceMappings": mappings.list_all,
    "ListFunctionEventInvokeConfigs": event_configs.list_all,
    "ListFunctionUrlConfigs": function_urls.list_all,
    "ListFunctions": functions.list_all,
    "ListFunctionsByCodeSigningConfig": code_signing.list_functions,
    "ListLayerVersions": layers.list_versions,
    "ListLayers": layers.list_all,
    "ListProvisionedConcurrencyConfigs": concurrency.list_provisioned,
    "ListTags": account.tags,
    "ListVersionsByFunction": versions.list_all,
    "PublishLayerVersion": layers.publish,
    "PublishVersion": versions.publish,
    "PutFunctionCodeSigningConfig": code_signing.put_for,
    "PutFunctionConcurrency": concurrency.put,
    "PutFunctionEventInvokeConfig": event_configs.put,
    "PutFunctionRecursionConfig": recursion.put,
    "PutProvisionedConcurrencyConfig": concurrency.put_provisioned,
    "PutRuntimeManagementConfig": runtime_management.put,
    "RemoveLayerVersionPermission": layers.remove_permission,
    "RemovePermission": permissions.remove,
    "TagResource": account.tag,
    "UntagResource": account.untag,
    "UpdateAlias": aliases.update,
    "UpdateCodeSigningConfig": code_signing.update,
    "UpdateEventSourceMapping": mappings.update,
    "UpdateFunctionCode": functions.update_code,
    "UpdateFunctionConfiguration": functions.configure,
    "UpdateFunctionEventInvokeConfig": event_configs.update,
    "UpdateFunctionUrlConfig": function_urls.update,
}

# What AWS has no word for; these run on the event loop and go to the pool themselves.
OWN: Mapping[tuple[str, str], Callable[[own.Ask], Awaitable[Response]]] = {
    ("GET", "/_lamb/health"): own.health,
    ("POST", "/_lamb/stop"): own.stop,
    ("GET", "/_lamb/ports"): own.ports,
    ("POST", "/_lamb/ports/{port}"): own.listen,
    ("DELETE", "/_lamb/ports/{port}"): own.unlisten,
    ("POST", "/_lamb/invocations/{id}/cancel"): own.cancel,
    ("GET", "/_lamb/runtimes"): own.runtimes,
    ("GET", "/_lamb/doctor"): own.doctor,
    ("GET", "/_lamb/key"): own.key,
    ("POST", "/_lamb/key/rotate"): own.rotate_key,
    ("GET", "/_lamb/keys"): keys.list_all,
    ("POST", "/_lamb/keys"): keys.create,
    ("POST", "/_lamb/keys/default"): keys.default,
    ("DELETE", "/_lamb/keys/{key}"): keys.delete,
    ("GET", "/_lamb/complete"): own.complete,
    ("GET", "/_lamb/logs/{function}"): own.logs,
    ("GET", "/_lamb/stats"): stats.of_all,
    ("GET", "/_lamb/stats/{function}"): stats.of_function,
    ("GET", "/_lamb/metrics"): stats.scrape,
    ("GET", "/_lamb/functions/{function}/settled"): own.settled,
    ("GET", "/_lamb/functions/{function}/provisioned"): concurrency.until_provisioned,
    ("GET", "/_lamb/mappings/{uuid}/settled"): mappings.settled,
    ("GET", "/_lamb/functions/{function}/environment"): own.environment,
    ("POST", "/_lamb/functions/{function}/aliases/{name}/rollback"): own.rollback,
    ("GET", "/_lamb/events"): events.list_all,
    ("GET", "/_lamb/events/{id}"): events.show,
    ("POST", "/_lamb/events/{id}/cancel"): events.cancel,
    ("POST", "/_lamb/events/{id}/replay"): events.replay,
    ("GET", "/_lamb/functions/{function}/events/empty"): events.emptied,
    ("GET", "/_lamb/queues/{queue}/messages"): queues.peek,
    ("GET", "/_lamb/clock"): events.clock,
    ("POST", "/_lamb/clock"): events.set_clock,
}


# Hot, and with payloads that are no documents of members: told from their paths, without a look at the tree.
INVOKING: tuple[tuple[tuple[bytes, bytes], invocations.Carry], ...] = (
    (invocations.AROUND, invocations.invoke),
    (streamed.STREAM, streamed.invoke),
    (streamed.ASYNC, streamed.invoke_async),
)


def invoking(scope: Mapping[str, Any]) -> invocations.Carry | None:
    """Who invokes a function for a request; None for requests that want something else."""
    if scope["method"] != "POST":
        return None
    path: bytes = scope["raw_path"]
    for (prefix, suffix), carry in INVOKING:
        if path.endswith(suffix) and path.startswith(prefix) and path.count(b"/", len(prefix)) == 1:
            return carry
    return None


class Found(NamedTuple):
    """Where a request goes: one of the two, and the decoded members of its path."""

    operation: str | None
    own: Callable[[own.Ask], Awaitable[Response]] | None
    params: dict[str, str]


def find(method: str, raw_path: bytes, query: bytes) -> Found:
    """Walk the table by path segments; UnknownOperation when nothing is there."""
    node = _TREE.get(method, {})
    values = []
    for segment in raw_path.decode("latin-1").strip("/").split("/"):
        if segment in node:
            node = node[segment]
        elif segment and "{}" in node:
            node = node["{}"]
            values.append(path_member(segment))
        else:
            raise _nothing(method, raw_path)
    for (wanted, target), names in node.get("", {}).items():
        # The only routes told apart by their query: ?List=ALL and ?find=LayerVersion.
        if wanted is None or wanted in parse_qsl(query.decode("latin-1")):
            params = dict(zip(names, values, strict=True))
            if callable(target):
                return Found(None, target, params)
            return Found(target, None, params)
    raise _nothing(method, raw_path)


def _nothing(method: str, raw_path: bytes) -> UnknownOperation:
    return UnknownOperation(f"{method} {raw_path.decode('latin-1')} is no operation of Lambda or lamb")


def _tree() -> dict[str, Any]:
    """Method → nested dicts of segments (`{}` for a member) → under "", targets with their member names."""
    tree: dict[str, Any] = {}
    routes: list[tuple[str, str, Any]] = [(*route, handler) for route, handler in OWN.items()]
    routes += [(entry["method"], entry["path"], name) for name, entry in OPERATIONS.items()]
    # Those that also want a query argument come first.
    for method, template, target in sorted(routes, key=lambda route: "?" not in route[1]):
        path, _, query = template.partition("?")
        node, names = tree.setdefault(method, {}), []
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
            node = node.setdefault("{}" if segment.startswith("{") else segment, {})
        wanted = tuple(query.split("=")) if query else None
        node.setdefault("", {})[wanted, target] = names
    return tree


_TREE = _tree()
