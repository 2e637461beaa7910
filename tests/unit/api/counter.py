"""SQS as a listener serves it: the real control plane, a real group commit, time by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from harness.signing import signed
from unit.api.desk import Answer, Services

from lamb.api.app import App
from lamb.api.gate import Gate
from lamb.core.context import Core
from lamb.daemon.arrivals import Arrivals
from lamb.model.clock import HomeClock, ManualClock
from lamb.store.group import GroupCommit

HOST = "localhost:4566"
URL = f"http://{HOST}/123456789012/"


class WatchedArrivals(Arrivals):
    """Says when somebody has looked in vain and begins to wait."""

    def __init__(self, clock: HomeClock) -> None:
        super().__init__(clock)
        self.waits = asyncio.Semaphore(0)

    async def wait(self, arn: str, seen: int, until_ms: int) -> None:
        self.waits.release()
        await super().wait(arn, seen, until_ms)


class Counter:
    service = "sqs"
    keys: Mapping[str, str] | None = None
    """What requests are signed with."""

    def __init__(self, core: Core, gate: Gate | None = None) -> None:
        self.services = Services(core)
        self.gate = gate or Gate("owner", browsers_reach=False)
        self.clock: ManualClock = core.database._clock

    def tell(self, story: Callable[[], Awaitable[Any]]) -> Any:
        """Run a story of several requests on one event loop."""

        async def whole() -> Any:
            self.services.group = GroupCommit(self.services.core.database)
            self.services.arrivals = WatchedArrivals(HomeClock(self.clock))
            try:
                return await asyncio.wait_for(story(), 20)
            finally:
                await self.services.group.close()

        return asyncio.run(whole())

    async def until_somebody_waits(self, many: int = 1) -> None:
        for _ in range(many):
            await self.services.arrivals.waits.acquire()

    def ask(self, operation: str, *, path: str = "/", **members: Any) -> Answer:
        """One request on a loop of its own."""
        return self.tell(lambda: self.sqs(operation, path=path, **members))

    async def sqs(self, operation: str, *, path: str = "/", **members: Any) -> Answer:
        if isinstance(members.get("QueueUrl"), str) and ":" not in members["QueueUrl"]:
            members["QueueUrl"] = URL + members["QueueUrl"]
        headers = {"x-amz-target": f"AmazonSQS.{operation}", "content-type": "application/x-amz-json-1.0"}
        return await self.post(path, json.dumps(members).encode(), headers)

    async def post(
        self, path: str, content: bytes, headers: Mapping[str, str], gone: asyncio.Event | None = None
    ) -> Answer:
        """`gone`: set when the caller hangs up."""
        coming = [{"type": "http.request", "body": content, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            if coming:
                return coming.pop(0)
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        if self.keys is not None:
            headers = {**signed("POST", path, HOST, self.keys, content, service=self.service), **headers}
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(n.lower().encode(), v.encode()) for n, v in {"host": HOST, **headers}.items()],
        }
        await App(self.services, self.gate)(scope, receive, send)
        if not sent:
            return Answer(0, {}, b"")
        told = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], told, b"".join(message["body"] for message in sent[1:]))
