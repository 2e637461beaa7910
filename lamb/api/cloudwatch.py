"""CloudWatch's metrics, in its three protocols: CBOR (newest SDKs), JSON 1.0 and the query protocol."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lamb.api import cloudwatch_put, cloudwatch_queries, neighbour_members, query_protocol
from lamb.api.members import Members
from lamb.api.messages import Response
from lamb.api.neighbour import Request
from lamb.model import cbor
from lamb.model.cbor import Moment
from lamb.model.clock import iso_z
from lamb.model.errors import InvalidParameterValue, LambError, UnknownOperation, ValidationFailure
from lamb.model.metric import InvalidValue, MetricsError

Document = dict[str, Any]
Handler = Callable[[Request, Members], Awaitable["Document | None"]]

_NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
_JSON = (b"content-type", b"application/x-amz-json-1.0")
_CBOR = [(b"content-type", b"application/cbor"), (b"smithy-protocol", b"rpc-v2-cbor")]


class CloudWatch:
    """Fulfils `lamb.api.neighbour.Service`."""

    for_functions = frozenset({"GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"})

    async def answer(self, request: Request) -> Response:
        handler = HANDLERS.get(request.operation)
        if handler is None:
            raise UnknownOperation(f"lamb has no operation {request.operation} of CloudWatch")
        read = neighbour_members.of_form if request.is_form else neighbour_members.of_document
        document = await handler(request, read("cloudwatch", request.operation, request.members))
        if request.is_cbor:
            return Response(200, [*_CBOR], cbor.encode(document or {}))
        if request.is_form:
            told = None if document is None else _texts(document)
            return query_protocol.answer(
                request.operation,
                told,
                _NAMESPACE,
                request.request_id,
                as_json=query_protocol.wants_json(request.members),
            )
        return Response(200, [_JSON], _json(document or {}))

    def refusal(self, error: LambError, request: Request) -> Response:
        code, name = error.code, error.code
        if isinstance(error, MetricsError):
            name = error.exception
        elif isinstance(error, ValidationFailure):
            code = name = "ValidationError"
        elif isinstance(error, InvalidParameterValue):
            code, name = InvalidValue.code, InvalidValue.exception
        elif isinstance(error, UnknownOperation):
            code, name = "InvalidAction", "UnknownOperationException"
        # 501 is lamb's own word to those who ask for what Lambda could do.
        status = 400 if error.status == 501 else error.status
        fault = "Sender" if status < 500 else "Receiver"
        if request.is_form:
            told = {"Type": fault, "Code": code, "Message": error.message}
            as_json = query_protocol.wants_json(request.members)
            response = query_protocol.refusal(status, told, _NAMESPACE, request.request_id, as_json=as_json)
        else:
            document = {"__type": f"com.amazonaws.cloudwatch#{name}", "message": error.message}
            response = (
                Response(status, [*_CBOR], cbor.encode(document))
                if request.is_cbor
                else Response(status, [_JSON], _json(document))
            )
            response.headers.append((b"x-amzn-query-error", f"{code};{fault}".encode()))
        response.headers.append((b"x-amzn-errortype", code.encode()))
        return response


SERVICE = CloudWatch()


def _json(document: Mapping[str, Any]) -> bytes:
    given = {name: value for name, value in document.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _texts(value: Any) -> Any:
    """As XML has it: moments are texts."""
    if isinstance(value, Moment):
        return iso_z(round(value * 1000))
    if isinstance(value, Mapping):
        return {name: _texts(item) for name, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else value


HANDLERS: Mapping[str, Handler] = {
    "GetMetricData": cloudwatch_queries.get_metric_data,
    "GetMetricStatistics": cloudwatch_queries.get_metric_statistics,
    "ListMetrics": cloudwatch_queries.list_metrics,
    "PutMetricData": cloudwatch_put.put_metric_data,
}
