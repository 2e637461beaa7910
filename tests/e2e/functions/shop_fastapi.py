"""A FastAPI application behind mangum."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from mangum import Mangum
from pydantic import BaseModel, Field


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.prices = {"apple": 3}
    yield


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    item: str
    count: int = Field(gt=0)


@app.get("/items/{item}")
def read_item(item: str, currency: str = "EUR") -> dict[str, object]:
    if item not in app.state.prices:
        raise HTTPException(404, f"no {item}")
    return {"price": app.state.prices[item], "currency": currency}


@app.post("/orders", status_code=201)
async def place_order(order: Order, request: Request) -> dict[str, object]:
    total = order.count * app.state.prices[order.item]
    return {"total": total, "id": request.scope["aws.context"].aws_request_id}


handler = Mangum(app)
