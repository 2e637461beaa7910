"""Requests to every operation of every service, made from the service models: some good, many hostile."""

from __future__ import annotations

import base64
import functools
import io
import json
import random
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from botocore.loaders import Loader

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
SERVICES = ("lambda", "sqs", "sns", "iam", "sts", "kms", "logs", "cloudwatch")
ENDLESS = frozenset({"StartLiveTail"})
"""Operations whose answers do not end."""
_GOOD: Mapping[str, tuple[Any, ...]] = {
    "FunctionName": ("f0", "f1", "f2", f"{ARN}f0", "f1:live", "f2:1", "gone", "123456789012:function:f0"),
    "Name": ("live", "next", "f0", "q0", "t0"),
    "Qualifier": ("$LATEST", "1", "live", "gone"),
    "FunctionVersion": ("$LATEST", "1", "ALL"),
    "Runtime": ("python3.11", "python3.12", "nodejs20.x", "python2.7"),
    "Handler": ("app.handler",),
    "Role": ("arn:aws:iam::123456789012:role/r",),
    "RoleName": ("r", "r1"),
    "LayerName": ("l0", "arn:aws:lambda:us-east-1:123456789012:layer:l0"),
    "Resource": (f"{ARN}f0", f"{ARN}f1:live"),
    "EventSourceArn": (
        "arn:aws:sqs:us-east-1:123456789012:q0",
        "arn:aws:kinesis:us-east-1:123456789012:stream/s",
    ),
    "QueueName": ("q0", "q1.fifo"),
    "QueueUrl": ("http://localhost/123456789012/q0",),
    "TopicArn": ("arn:aws:sns:us-east-1:123456789012:t0",),
    "TargetArn": ("arn:aws:sqs:us-east-1:123456789012:q0",),
    "KeyId": ("alias/aws/lambda", "alias/k"),
    "AliasName": ("alias/k",),
    "PolicyDocument": ('{"Version":"2012-10-17","Statement":[]}',),
    "AssumeRolePolicyDocument": ('{"Version":"2012-10-17","Statement":[]}',),
    "logGroupName": ("/aws/lambda/f0", "g"),
    "Namespace": ("AWS/Lambda", "mine"),
    "MetricName": ("Invocations", "Duration"),
    "Marker": ("WyJmMCIsMF0=",),
}
_SHORT_WAITS = {"WaitTimeSeconds": 0, "DelaySeconds": 0, "VisibilityTimeout": 0}
_HOSTILE: tuple[Any, ...] = (
    "", "x" * 300, "x" * 5000, "é" * 70, "\x00", "a\nb", "../../etc/passwd", "%s%n{0}",
    "'; DROP TABLE functions; --",
    "\ud800", "💥" * 40, "$LATEST", "arn:aws:lambda", "-1", "1e999", 0, -1, 1, 2**31, 2**63, 2**70, 0.5,
    -0.0, float("nan"),
    float("inf"), True, False, None, [], [[]], {}, {"a": {}}, [None], ["x"] * 200,
    {"k" * 200: "v"}, {"": None},
)  # fmt: skip
_DEEP = "[" * 3000 + "]" * 3000
_BODIES: tuple[bytes, ...] = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":1}x', b'"text"', b"1" * 5000, _DEEP.encode(),
    b'{"FunctionName":"f0","FunctionName":"f1"}', b"Action=ListTopics&Version=2010-03-31",
    b"\x1f\x8b\x08\x00",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One HTTP request; `name` is for the report of a failure."""

    name: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def encoded(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace") + self.body


@functools.cache
def _model(service: str) -> dict[str, Any]:
    model: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return model


@functools.cache
def _package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, "def handler(event, context): return event\n")
    return buffer.getvalue()


class Fuzzer:
    """An endless supply, the same for the same seed."""

    def __init__(self, seed: int, hostility: float = 0.08) -> None:
        """`hostility`: how likely each member is not what it should be."""
        self._draw = random.Random(seed)
        self._hostility = hostility

    def request(self) -> Request:
        # Lambda has most of the surface.
        service = self._draw.choice(SERVICES + ("lambda",) * 8)
        model = _model(service)
        name = self._draw.choice([o for o in sorted(model["operations"]) if o not in ENDLESS])
        operation = model["operations"][name]
        shape = operation.get("input", {}).get("shape")
        members = self._structure(model, shape, 0) if shape else {}
        members |= {key: value for key, value in _SHORT_WAITS.items() if key in members}
        protocol = model["metadata"]["protocol"]
        if protocol == "rest-json":
            made = self._rest(model, name, members)
        elif protocol == "json":
            made = self._json(model, service, name, members)
        else:
            made = self._query(model, service, name, members)
        if self._draw.random() < 0.03:
            broken = self._draw.choice(_BODIES)
            made = Request(made.name + " with a broken body", made.method, made.target, made.headers, broken)
        return made

    # ------------------------------------------------------------------ protocols

    def _rest(self, model: Mapping[str, Any], name: str, members: dict[str, Any]) -> Request:
        http = model["operations"][name]["http"]
        shape = model["shapes"][model["operations"][name]["input"]["shape"]] if members else {"members": {}}
        path, _, fixed = http["requestUri"].partition("?")
        query, headers, body = [tuple(fixed.split("="))] if fixed else [], {}, {}
        for member, value in members.items():
            ref = shape["members"].get(member, {})
            place, wire = ref.get("location"), ref.get("locationName", member)
            if place == "uri":
                path = path.replace(f"{{{wire}}}", _path_text(value))
            elif place == "querystring":
                query.append((wire, _text(value)))
            elif place == "header":
                headers[wire] = _header_text(value)
            else:
                body[member] = value
        if "{" in path:  # a member of the path was left out
            path = path.replace("{", "%7B").replace("}", "%7D")
        target = path + ("?" + urlencode(query, errors="replace") if query else "")
        content = b"" if http["method"] == "GET" else _document(body.get(shape.get("payload"), body))
        return Request(name, http["method"], target, headers, content)

    def _json(self, model: Mapping[str, Any], service: str, name: str, members: dict[str, Any]) -> Request:
        metadata = model["metadata"]
        headers = {
            "X-Amz-Target": f"{metadata['targetPrefix']}.{name}",
            "Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
        }
        return Request(f"{service}.{name}", "POST", "/", headers, _document(members))

    def _query(self, model: Mapping[str, Any], service: str, name: str, members: dict[str, Any]) -> Request:
        fields = {"Action": name, "Version": model["metadata"]["apiVersion"]}
        _flatten(members, "", fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        body = urlencode(fields, errors="replace").encode()
        return Request(f"{service}.{name}", "POST", "/", headers, body)

    # ------------------------------------------------------------------ values

    def _structure(self, model: Mapping[str, Any], shape_name: str, depth: int) -> dict[str, Any]:
        shape = model["shapes"][shape_name]
        required = shape.get("required", ())
        wanted = {}
        for member, ref in shape.get("members", {}).items():
            present = 0.97 if member in required else 0.25
            if depth < 4 and self._draw.random() < present:
                wanted[member] = self._value(model, ref["shape"], member, depth + 1)
        return wanted

    def _value(self, model: Mapping[str, Any], shape_name: str, member: str, depth: int) -> Any:
        draw = self._draw
        if draw.random() < self._hostility:
            return draw.choice(_HOSTILE)
        if member in _GOOD and draw.random() < 0.9:
            return draw.choice(_GOOD[member])
        shape = model["shapes"][shape_name]
        kind = shape["type"]
        if kind == "structure":
            return self._structure(model, shape_name, depth)
        if kind == "list":
            items = range(draw.randint(0, 2))
            return [self._value(model, shape["member"]["shape"], "", depth + 1) for _ in items if depth < 5]
        if kind == "map":
            return {f"k{i}": self._value(model, shape["value"]["shape"], "", depth + 1) for i in range(2)}
        return self._scalar(shape, kind)

    def _scalar(self, shape: Mapping[str, Any], kind: str) -> Any:
        draw = self._draw
        if kind in ("integer", "long", "float", "double"):
            least, most = shape.get("min", 0), min(shape.get("max", 1000), 10**6)
            return draw.choice((least, most, most + 1, draw.randint(int(least), int(max(least, most)))))
        if kind == "boolean":
            return draw.random() < 0.5
        if kind == "timestamp":
            return draw.randint(0, 2**31)
        if kind == "blob":
            data = _package() if draw.random() < 0.8 else draw.randbytes(20)
            return base64.b64encode(data).decode()
        if "enum" in shape:
            return draw.choice(shape["enum"])
        return draw.choice(("f0", "a", "app-1", "x" * max(1, min(int(shape.get("min", 1)), 100))))


def _document(value: Any) -> bytes:
    return json.dumps(value).encode()


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def _path_text(value: Any) -> str:
    return quote(_text(value), safe="")


def _header_text(value: Any) -> str:
    # What would end the header line is another test's.
    return _text(value).replace("\r", "").replace("\n", "").replace("\x00", "")


def _flatten(value: Any, prefix: str, fields: dict[str, str]) -> None:
    if isinstance(value, dict):
        for name, item in value.items():
            _flatten(item, f"{prefix}.{name}" if prefix else str(name), fields)
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            _flatten(item, f"{prefix}.member.{number}", fields)
    elif value is not None:
        fields[prefix] = _text(value)
