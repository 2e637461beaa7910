"""A function that sentry-sdk's Lambda integration watches."""

import os

import sentry_sdk
from sentry_sdk.integrations.aws_lambda import AwsLambdaIntegration

sentry_sdk.init(
    dsn=os.environ["SENTRY_DSN"],
    integrations=[AwsLambdaIntegration(timeout_warning=True)],
    traces_sample_rate=0,
)


def handler(event, context):
    if event.get("fail"):
        raise ValueError("as you wish")
    return "fine"
