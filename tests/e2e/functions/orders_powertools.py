"""Orders, with AWS Lambda Powertools: logger, tracer (disabled), event handler and parser."""

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.parser import parse
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

logger = Logger()
tracer = Tracer()
app = APIGatewayHttpResolver()


class Order(BaseModel):
    item: str
    count: int


@app.get("/orders/<number>")
@tracer.capture_method
def get_order(number: str) -> dict:
    raise NotFoundError(f"no order {number}")


@app.post("/orders")
@tracer.capture_method
def create_order() -> tuple[dict, int]:
    order = parse(event=app.current_event.json_body, model=Order)
    logger.info("order accepted", extra={"item": order.item})
    return {"count": order.count}, 201


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler
def handler(event: dict, context: LambdaContext) -> dict:
    return app.resolve(event, context)
