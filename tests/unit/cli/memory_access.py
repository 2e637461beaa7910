"""Resource policies and function URLs of a daemon that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamb.model.errors import ResourceConflict, ResourceNotFound

BUCKET = "arn:aws:s3:::pictures"
URL = "http://abc.lambda-url.us-east-1.localhost:4566/"


class MemoryPermissions:
    """`hello` lets a bucket in."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        self.held: dict[str, dict[str, dict[str, Any]]] = {"hello": {"s3": _statement("s3")}}

    def add(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        sid = body["StatementId"]
        there = self.held.setdefault(name, {})
        if sid in there:
            raise ResourceConflict(f"The statement id ({sid}) provided already exists.")
        self.said.append(("permit", name, dict(body)))
        there[sid] = _statement(sid)
        return there[sid]

    def list(self, name: str) -> list[dict[str, Any]]:
        if not self.held.get(name):
            raise ResourceNotFound
        return list(self.held[name].values())

    def remove(self, name: str, sid: str, revision_id: str | None = None) -> None:
        assert revision_id is None
        if self.held.get(name, {}).pop(sid, None) is None:
            raise ResourceNotFound(f"Statement {sid} is not found in resource policy.")
        self.said.append(("forbid", name, sid))


class MemoryUrls:
    """`shop` has one."""

    def __init__(self, said: list[tuple[Any, ...]]) -> None:
        self.said = said
        self.held = {"shop": {"FunctionUrl": URL, "AuthType": "NONE"}}

    def create(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if name.startswith("nobody"):
            raise ResourceNotFound("Function does not exist")
        if name in self.held:
            raise ResourceConflict("FunctionUrlConfig exists for this Lambda function")
        self.said.append(("url", name, dict(body)))
        self.held[name] = {"FunctionUrl": URL.replace(":4566", ""), **body}
        return self.held[name]

    def get(self, name: str) -> dict[str, Any]:
        if name not in self.held:
            raise ResourceNotFound
        return self.held[name]

    def list(self, name: str) -> Iterator[dict[str, Any]]:
        return iter([self.get(name)])

    def delete(self, name: str) -> None:
        self.get(name)
        self.said.append(("url gone", name))
        del self.held[name]


def _statement(sid: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:hello",
        "Condition": {"ArnLike": {"AWS:SourceArn": BUCKET}},
    }
