"""The way to other services, for destinations that the environment gives an endpoint: boto3 knows it.

`AWS_ENDPOINT_URL_SQS=https://sqs.eu-west-1.amazonaws.com lamb …` is all that there is to set.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

from lamb.core.destinations import ENDPOINTS, service
from lamb.model.clock import Clock
from lamb.model.events import Delivery
from lamb.model.wire import new_id

_CONNECT_S, _READ_S, _TRIES = 2, 5, 3
_CARRIERS = 8

# Of one service; the variable for all of them is what `lamb env` sets to lamb itself.
_ENDPOINT = "AWS_ENDPOINT_URL_"

_log = logging.getLogger("lamb.queue")


def remote_services(environ: Mapping[str, str]) -> frozenset[str]:
    """The services whose endpoints the environment names."""
    return frozenset(name for name, variable in ENDPOINTS.items() if environ.get(variable))


def named_endpoints(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that name where a service is, whichever it is: functions are told of them."""
    return {name: url for name, url in environ.items() if name.startswith(_ENDPOINT) and url}


def s3_named(environ: Mapping[str, str]) -> bool:
    """Whether the environment names an endpoint that S3 is at, of its own or for everything."""
    return bool(environ.get(ENDPOINTS["s3"]) or environ.get("AWS_ENDPOINT_URL"))


class Post:
    """Lives on the event loop; its letters are carried by threads of its own.

    An endpoint that does not answer holds one of them for many seconds: whoever gives commands meanwhile, or
    starts an environment, must not wait for it.
    """

    def __init__(self, services: frozenset[str], clock: Clock) -> None:
        self._services = services
        self._clock = clock
        self._carriers = ThreadPoolExecutor(_CARRIERS, thread_name_prefix="post")

    def takes(self, letter: Delivery) -> bool:
        """Whether the letter goes to another service; others stay in the house."""
        return service(letter.arn) in self._services

    async def send(self, letter: Delivery) -> bool:
        """Whether it was taken. A failure is logged."""
        try:
            now_ms = self._clock.now_ms()
            await asyncio.get_running_loop().run_in_executor(self._carriers, _send, letter, now_ms)
        except Exception as error:  # noqa: BLE001 - every library below has errors of its own
            _log.warning("%s did not take a %s: %s", letter.arn, letter.kind, error)
            return False
        return True


def _send(letter: Delivery, now_ms: int) -> None:
    kind, region = letter.arn.split(":")[2:4]
    try:
        import boto3  # noqa: PLC0415 - optional, and half a second
        from botocore.config import Config  # noqa: PLC0415
    except ImportError:
        raise RuntimeError("boto3 is not installed: `pip install 'lamb[aws]'`") from None
    config = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"total_max_attempts": _TRIES})
    # The environment's own region is for what names none.
    client = boto3.client(kind, config=config, **({"region_name": region} if region else {}))
    _SENDERS[kind](client, letter, now_ms)


def _to_queue(client: Any, letter: Delivery, _: int) -> None:
    account, name = letter.arn.split(":")[4:6]
    url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody=letter.body.decode(), MessageAttributes=_attributes(letter))


def _to_topic(client: Any, letter: Delivery, _: int) -> None:
    client.publish(TopicArn=letter.arn, Message=letter.body.decode(), MessageAttributes=_attributes(letter))


def _to_bus(client: Any, letter: Delivery, _: int) -> None:
    record = json.loads(letter.body)
    context = record["requestContext"]
    entry = {
        "Source": "lambda",
        "DetailType": "Lambda Function Invocation Result - "
        + ("Success" if context["condition"] == "Success" else "Failure"),
        "Resources": [letter.arn, context["functionArn"]],
        "Detail": letter.body.decode(),
        "EventBusName": letter.arn,
    }
    answer = client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise RuntimeError(answer["Entries"][0].get("ErrorMessage", "PutEvents failed"))


def _to_bucket(client: Any, letter: Delivery, now_ms: int) -> None:
    function = json.loads(letter.body)["requestContext"]["functionArn"].split(":")[6]
    now = datetime.fromtimestamp(now_ms / 1000, tz=timezone.utc)
    key = f"aws/lambda/async/{function}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{new_id()}"
    client.put_object(Bucket=letter.arn.rpartition(":")[2], Key=key, Body=letter.body)


def _attributes(letter: Delivery) -> dict[str, dict[str, str]]:
    return {name: {"DataType": kind, "StringValue": value} for name, kind, value in letter.attributes}


_SENDERS: Mapping[str, Callable[[Any, Delivery, int], None]] = {
    "sqs": _to_queue,
    "sns": _to_topic,
    "events": _to_bus,
    "s3": _to_bucket,
}
