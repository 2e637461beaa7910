from __future__ import annotations

import asyncio
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from unit.api.desk import Services, control_plane

from lamb.api.app import App
from lamb.api.gate import Gate
from lamb.api.server import Server
from lamb.client import start
from lamb.client.client import Client
from lamb.model.errors import (
    InvalidRequestContent,
    ProvisionedConcurrencyConfigNotFound,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.names import FunctionKey

ROLE = "arn:aws:iam::123456789012:role/r"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


class Settling(Services):
    """Settles at once, as the daemon does soon."""

    def settle_soon(self, key: FunctionKey) -> None:
        super().settle_soon(key)
        self.settle()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with control_plane(tmp_path) as core:
        yield Settling(core)


@pytest.fixture
def client(tmp_path: Path, services: Services) -> Iterator[Client]:
    """A client whose daemon is the real API in a thread of this process."""
    claim = start.claim_home(tmp_path)
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = Server(App(services, Gate("owner", browsers_reach=False)))
        await server.listen(claim.listener)
        await stop.wait()
        await server.stop(1.0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    client = Client(tmp_path, {})
    yield client
    client.close()
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()
    os.close(claim.lock)


def package(source: str = "def handler(event, context): pass\n") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, source)
    return packed.getvalue()


def create(client: Client, name: str = "f", **members: Any) -> dict[str, Any]:
    return client.create(
        {
            "FunctionName": name,
            "Role": ROLE,
            "Runtime": "python3.11",
            "Handler": "app.handler",
            "Code": {"ZipFile": package()},
            **members,
        }
    )


def test_a_function_is_made_shown_changed_and_deleted(client: Client) -> None:
    assert create(client, Environment={"Variables": {"KEY": "v"}})["State"] == "Pending"
    assert client.get("f")["Configuration"]["State"] == "Active"
    assert client.environment("f") == {"KEY": "v"}
    assert client.configure("f", {"Timeout": 9})["Timeout"] == 9
    assert client.update_code("f", {"ZipFile": package("x = 1\n")})["LastUpdateStatus"] == "InProgress"
    client.delete("f")
    with pytest.raises(ResourceNotFound):
        client.get("f")


def test_an_error_comes_back_as_its_own_class_and_text(client: Client) -> None:
    create(client)
    with pytest.raises(ResourceConflict, match=r"^Function already exist: f$"):
        create(client)


def test_lists_run_over_all_their_pages(client: Client) -> None:
    names = [f"f{number:03}" for number in range(60)]
    for name in names:
        create(client, name)
    assert [function["FunctionName"] for function in client.list()] == names
    assert client.complete("functions") == names


def test_versions_and_aliases(client: Client) -> None:
    create(client)
    assert client.publish("f", {"Description": "first"})["Version"] == "1"
    client.configure("f", {"Timeout": 9})
    client.publish("f", {})
    assert [version["Version"] for version in client.versions("f")] == ["$LATEST", "1", "2"]
    assert client.get("f:1")["Configuration"]["FunctionArn"] == f"{ARN}:1"
    client.alias_create("f", {"Name": "live", "FunctionVersion": "1"})
    assert client.alias_update("f", "live", {"FunctionVersion": "2"})["FunctionVersion"] == "2"
    assert client.alias_get("f", "live")["FunctionVersion"] == "2"
    assert client.rollback("f", "live")["FunctionVersion"] == "1"
    assert [alias["Name"] for alias in client.alias_list("f")] == ["live"]
    assert client.complete("aliases", "f") == ["live"]
    client.alias_delete("f", "live")
    assert list(client.alias_list("f")) == []


def test_an_answer_tells_all_there_is_to_tell(client: Client, services: Services) -> None:
    services.outcome = {"init_ms": 4.5, "missing_walls": ("cgroup",), "log": ["END\n"], "walls": "8/9"}
    answer = client.invoke(
        "f:live",
        b'{"a":1}',
        client_context='{"custom":{}}',
        seed=3,
        request_id="0a1b2c3d-0000-4000-8000-0123456789ab",
    )
    assert answer.payload == b'{"a":1}'
    assert answer.function_error is None
    assert answer.request_id == "0a1b2c3d-0000-4000-8000-0123456789ab"
    assert (answer.verdict, answer.executed_version, answer.log_tail) == ("success", "$LATEST", b"END\n")
    assert (answer.duration_ms, answer.init_ms) == (1.5, 4.5)
    assert (answer.memory_mb, answer.memory_used_mb) == (128, 41)
    assert (answer.walls, answer.missing_walls) == ("8/9", ("cgroup",))
    reference, event, seed = services.invoked[0]
    assert (reference.arn, event.client_context, seed) == (f"{ARN}:live", '{"custom":{}}', 3)


def test_a_dry_run_raises_what_an_invocation_would(client: Client, services: Services) -> None:
    client.check_invoke("f")
    services.trouble = ResourceNotFound("Function not found")
    with pytest.raises(ResourceNotFound):
        client.check_invoke("f")


def test_a_payload_that_is_not_json_is_refused(client: Client) -> None:
    with pytest.raises(InvalidRequestContent):
        client.invoke("f", b"nope")


def test_log_entries_come_one_by_one_while_other_requests_go_on(client: Client, services: Services) -> None:
    create(client)
    services.entries = [{"timestamp": 1, "message": "a"}, {"timestamp": 2, "message": "b"}]
    entries = client.logs("f", follow=True, since_ms=7, grep="x y")
    assert next(entries) == services.entries[0]
    assert client.health()["version"]
    assert next(entries) == services.entries[1]
    assert (services.queries[0].since_ms, services.queries[0].grep) == (7, "x y")


def test_logs_of_nobody_are_an_error(client: Client) -> None:
    with pytest.raises(ResourceNotFound):
        next(client.logs("nobody"))


def test_the_package_is_read_back_byte_for_byte(client: Client) -> None:
    create(client)
    assert client.download(client.get("f")["Code"]["Location"]) == package()


def test_what_lamb_knows_of_the_host(client: Client) -> None:
    assert client.runtimes()[0]["name"] == "python3.11"
    assert client.doctor() == {"summary": "9/9"}
    assert client.complete("runtimes") == ["python3.11"]


def test_settled_says_whether_it_waited_in_vain(client: Client) -> None:
    assert client.settled("f")
    assert not client.settled("g", 0.001)


def test_ports_are_opened_and_closed(client: Client) -> None:
    opened = client.access.listen("127.0.0.1", 0)
    assert (opened["port"], opened["url"]) == (4000, "http://127.0.0.1:4000")
    client.access.unlisten(4000)


def test_keys_are_shown_and_rotated(client: Client) -> None:
    create(client, Environment={"Variables": {"KEY": "v"}})
    assert client.key_show() != client.key_rotate()
    assert client.environment("f") == {"KEY": "v"}


def test_running_tells_the_health_of_what_runs(client: Client) -> None:
    assert client.running() == client.health()


def test_concurrency_is_set_shown_and_given_back(client: Client, services: Services) -> None:
    create(client, Publish=True)
    assert client.concurrency.reserved("f") is None
    assert client.concurrency.reserve("f", 5) == {"ReservedConcurrentExecutions": 5}
    assert client.concurrency.reserved("f") == 5
    client.concurrency.unreserve("f")
    assert client.concurrency.reserved("f") is None
    asked = client.concurrency.provision("f", "1", 2)
    assert asked["Status"] == "IN_PROGRESS"
    assert client.concurrency.provisioned("f", "1") == asked
    assert client.concurrency.until_provisioned("f", "1", 1.5) == asked
    assert services.waited == [(FunctionKey("123456789012", "us-east-1", "f"), "1", 1.5)]
    assert list(client.concurrency.provisions("f")) == [{"FunctionArn": f"{ARN}:1", **asked}]
    client.concurrency.unprovision("f", "1")
    with pytest.raises(ProvisionedConcurrencyConfigNotFound):
        client.concurrency.provisioned("f", "1")
