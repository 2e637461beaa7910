"""Asking the service of a source whether the source is there, where the environment names its endpoint.

Where it says nothing, nobody can be asked: a mapping for a stream is then taken on trust, and what reads the
stream will tell. boto3 is optional.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamb.model.errors import InvalidParameterValue
from lamb.model.mapping import SourceLook

ENDPOINTS = {
    "sqs": "AWS_ENDPOINT_URL_SQS",
    "kinesis": "AWS_ENDPOINT_URL_KINESIS",
    "dynamodb": "AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
}
"""The variable, as the SDKs call it, that names where a service is."""

_CONNECT_S, _READ_S, _TRIES = 2, 5, 2
_GONE = frozenset(
    {
        "ResourceNotFoundException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)


class Looker:
    """Its methods may take seconds; they are called from threads that may wait."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._endpoints = {kind: environ.get(variable) for kind, variable in ENDPOINTS.items()}

    def look(self, arn: str) -> SourceLook | None:
        """None where the environment names no endpoint. Raises InvalidParameterValue if it is silent."""
        kind, region = arn.split(":")[2:4]
        endpoint = self._endpoints.get(kind)
        if not endpoint:
            return None
        try:
            return _LOOKS[kind](_client(kind, region, endpoint), arn)
        except Exception as error:  # the libraries below have dozens
            if _code(error) in _GONE:
                return SourceLook(exists=False)
            raise InvalidParameterValue(
                f"Cannot access {'queue' if kind == 'sqs' else 'stream'} {arn}: {error}",
                hint=f"{ENDPOINTS[kind]} is {endpoint}: is that service running?",
            ) from error


def _client(kind: str, region: str, endpoint: str) -> Any:
    try:
        import boto3  # noqa: PLC0415 - optional, and half a second
        from botocore.config import Config  # noqa: PLC0415
    except ImportError:
        raise RuntimeError("boto3 is not installed: `pip install 'lamb[aws]'`") from None
    config = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": _TRIES})
    service = "dynamodbstreams" if kind == "dynamodb" else kind
    return boto3.client(service, region_name=region, endpoint_url=endpoint, config=config)


def _code(error: Exception) -> str:
    """AWS's code of a botocore ClientError; "" for anything else."""
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""


def _queue(client: Any, arn: str) -> SourceLook:
    account, name = arn.split(":")[4:6]
    url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return SourceLook(exists=True, visibility_s=int(told["Attributes"]["VisibilityTimeout"]))


def _kinesis(client: Any, arn: str) -> SourceLook:
    # A consumer's ARN goes on behind that of its stream.
    client.describe_stream_summary(StreamARN=arn.partition("/consumer/")[0])
    return SourceLook(exists=True)


def _table(client: Any, arn: str) -> SourceLook:
    client.describe_stream(StreamArn=arn, Limit=1)
    return SourceLook(exists=True)


_LOOKS: Mapping[str, Callable[[Any, str], SourceLook]] = {
    "sqs": _queue,
    "kinesis": _kinesis,
    "dynamodb": _table,
}
