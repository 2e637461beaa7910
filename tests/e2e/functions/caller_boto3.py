"""Invokes functions: another one, or itself a few levels deep."""

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}, read_timeout=20))


def handler(event, context):
    if event.get("depth", 0) == 0 and "other" not in event:
        return {"depth": 0, "id": context.aws_request_id}
    name = event.get("other", context.function_name)
    payload = json.dumps({"depth": event.get("depth", 1) - 1})
    try:
        answer = client.invoke(FunctionName=name, Payload=payload)
    except ClientError as error:
        told = error.response
        return {"error": told["Error"]["Code"], "status": told["ResponseMetadata"]["HTTPStatusCode"]}
    below = json.load(answer["Payload"])
    if "FunctionError" in answer:
        return {"function_error": below["errorType"]}
    return {"depth": event.get("depth", 1), "below": below}
