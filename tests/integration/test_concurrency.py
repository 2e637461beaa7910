"""Reserved and provisioned concurrency as boto3 meets them, over the real program (SEMANTICS §25)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import boto3
import harness
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from harness import machine

ROLE = "arn:aws:iam::123456789012:role/r"
# Says how its environment was started; waits behind a door where it is told of one.
VISITOR = """
import os, socket
kind = os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
me = os.urandom(4).hex()
def handler(event, context):
    if "door" in event:
        with socket.create_connection(("127.0.0.1", event["door"])) as door:
            door.recv(1)
    return {"kind": kind, "version": context.function_version, "me": me}
"""
ACCOUNT = "ConcurrentInvocationLimitExceeded"
CEILING = "ReservedFunctionConcurrentInvocationLimitExceeded"


class Door:
    """A place where functions wait until they are let in."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self._visitors: list[socket.socket] = []

    @property
    def event(self) -> bytes:
        return json.dumps({"door": self._listener.getsockname()[1]}).encode()

    def wait_for(self, count: int) -> None:
        """Until so many more stand before it."""
        self._visitors += [self._listener.accept()[0] for _ in range(count)]

    def open(self) -> None:
        """For those who stand before it."""
        while self._visitors:
            self._visitors.pop().close()

    def close(self) -> None:
        self.open()
        self._listener.close()


class Cloud:
    """A home of lamb as boto3 sees it."""

    def __init__(self, lamb: harness.Lamb) -> None:
        self.lamb = lamb
        self.callers = ThreadPoolExecutor(16)
        self._open()

    def _open(self) -> None:
        self._open_port = contextlib.ExitStack()
        self.served = self._open_port.enter_context(self.lamb.serving())
        config = Config(retries={"max_attempts": 0}, max_pool_connections=16)
        self.aws = boto3.client("lambda", **self.served.aws, config=config)

    def restart(self, **environment: str) -> None:
        """A new daemon in the same home, with other settings."""
        self._stop_serving()
        self.lamb.stop_daemon()
        self.lamb.more_env = {**self.lamb.more_env, **environment}
        self._open()

    def close(self) -> None:
        self._stop_serving()
        self.callers.shutdown()

    def _stop_serving(self) -> None:
        self._open_port.close()

    def create(self, name: str, source: str = VISITOR, **members: Any) -> str:
        """A function that is active; with `Publish`, version 1 is, too."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo("app.py")
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, source)
        self.aws.create_function(
            FunctionName=name,
            Role=ROLE,
            Runtime=self.lamb.runtime,
            Handler="app.handler",
            Code={"ZipFile": packed.getvalue()},
            Timeout=60,
            **members,
        )
        self.aws.get_waiter("function_active_v2").wait(FunctionName=name)
        return name

    def call(self, name: str, event: bytes = b"{}", qualifier: str = "$LATEST") -> dict[str, Any]:
        answer = self.aws.invoke(FunctionName=name, Qualifier=qualifier, Payload=event)
        assert "FunctionError" not in answer
        result: dict[str, Any] = json.load(answer["Payload"])
        return result

    def send(self, name: str, event: bytes, qualifier: str = "$LATEST") -> Future[dict[str, Any]]:
        """An invocation that somebody else waits for."""
        return self.callers.submit(self.call, name, event, qualifier)

    def throttled(self, name: str, qualifier: str = "$LATEST") -> str:
        """The reason why an invocation is refused."""
        with pytest.raises(self.aws.exceptions.TooManyRequestsException) as caught:
            self.call(name, qualifier=qualifier)
        answer = caught.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert int(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) > 0
        assert (answer["Type"], answer["message"]) == ("User", "Rate Exceeded.")
        assert answer["Error"]["Code"] == "TooManyRequestsException"
        reason: str = answer["Reason"]
        return reason

    def provide(self, name: str, qualifier: str, amount: int) -> dict[str, Any]:
        """Ask for provisioned concurrency, and wait until it is no longer in progress."""
        asked = self.aws.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=amount
        )
        assert (asked["Status"], asked["ResponseMetadata"]["HTTPStatusCode"]) == ("IN_PROGRESS", 202)
        return self.provided(name, qualifier)

    def provided(self, name: str, qualifier: str) -> dict[str, Any]:
        """How it is when nothing is in progress any more."""
        self.served.ask("GET", f"/_lamb/functions/{name}%3A{qualifier}/provisioned")
        found: dict[str, Any] = self.aws.get_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier
        )
        return found

    def environments(self) -> int:
        health = self.lamb.health()
        assert health is not None
        return int(health["environments"])


@pytest.fixture(scope="module")
def cloud(lamb_of_module: harness.Lamb) -> Iterator[Cloud]:
    made = Cloud(lamb_of_module)
    yield made
    made.close()


@pytest.fixture
def new_cloud(new_lamb: Callable[..., harness.Lamb]) -> Iterator[Callable[..., Cloud]]:
    """Opens homes with settings of their own."""
    with contextlib.ExitStack() as stack:

        def make(**environment: str) -> Cloud:
            return stack.enter_context(contextlib.closing(Cloud(new_lamb(**environment))))

        yield make


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.close()


def state(config: dict[str, Any]) -> tuple[int, int, int, str, str | None]:
    amounts = (config[f"{kind}ProvisionedConcurrentExecutions"] for kind in ("Requested", "Allocated"))
    available = config["AvailableProvisionedConcurrentExecutions"]
    return (*amounts, available, config["Status"], config.get("StatusReason"))


# ------------------------------------------------------------------ reserved


def test_no_more_of_a_function_runs_than_is_reserved_for_all_its_versions(cloud: Cloud, door: Door) -> None:
    f = cloud.create("ceiling", Publish=True)
    cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=3)
    running = [cloud.send(f, door.event), cloud.send(f, door.event), cloud.send(f, door.event, "1")]
    door.wait_for(3)
    assert cloud.throttled(f) == CEILING
    assert cloud.throttled(f, "1") == CEILING
    door.open()
    assert sorted(each.result()["version"] for each in running) == ["$LATEST", "$LATEST", "1"]
    assert cloud.call(f)["version"] == "$LATEST"


def test_a_reservation_of_nothing_stops_a_function_until_it_is_deleted(cloud: Cloud) -> None:
    f = cloud.create("stopped")
    cloud.call(f)
    cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=0)
    assert cloud.throttled(f) == CEILING
    assert cloud.aws.get_function(FunctionName=f)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    cloud.aws.delete_function_concurrency(FunctionName=f)
    cloud.call(f)
    assert "Concurrency" not in cloud.aws.get_function(FunctionName=f)
    assert "ReservedConcurrentExecutions" not in cloud.aws.get_function_concurrency(FunctionName=f)


def test_of_a_throttled_invocation_there_is_nothing_in_the_log(cloud: Cloud) -> None:
    f = cloud.create("silent")
    cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=0)
    cloud.throttled(f)
    assert cloud.lamb.run("logs", f).stdout == ""


def test_the_command_line_says_throttled_with_its_exit_code(cloud: Cloud) -> None:
    f = cloud.create("throttled")
    assert cloud.lamb.run("concurrency", f, "--reserved", "0", "-v").stderr == f"✓ {f} is stopped\n"
    done = cloud.lamb.run("invoke", f, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (14, "", "lamb: Rate Exceeded\n")


def test_what_is_reserved_is_there_when_everything_else_is_used_up(
    new_cloud: Callable[..., Cloud], door: Door
) -> None:
    cloud = new_cloud()
    kept, other, third = (cloud.create(name) for name in ("kept", "other", "third"))
    cloud.aws.put_function_concurrency(FunctionName=kept, ReservedConcurrentExecutions=2)
    cloud.restart(LAMB_ACCOUNT_CONCURRENCY="4")
    limits = cloud.aws.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (4, 2)
    running = [cloud.send(other, door.event), cloud.send(third, door.event)]
    door.wait_for(2)
    assert cloud.throttled(other) == cloud.throttled(third) == ACCOUNT
    running += [cloud.send(kept, door.event), cloud.send(kept, door.event)]
    door.wait_for(2)
    assert cloud.throttled(kept) == CEILING
    door.open()
    assert len([each.result() for each in running]) == 4
    cloud.call(other)


# ------------------------------------------------------------------ asynchronous events


def test_an_event_for_a_stopped_function_is_accepted_and_given_up(cloud: Cloud) -> None:
    f = cloud.create("given-up")
    cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=0)
    answer = cloud.aws.invoke(FunctionName=f, InvocationType="Event")
    assert answer["StatusCode"] == 202
    cloud.lamb.run("wait", "events", f, "--empty", "--timeout", "30s")
    (event,) = cloud.lamb.json("events", "list", f)["Events"]
    assert event["RequestId"] == answer["ResponseMetadata"]["RequestId"]
    assert (event["State"], event["Condition"], event["Runs"]) == ("failed", "ZeroReservedConcurrency", 0)


def test_an_event_waits_for_a_place_and_takes_it(cloud: Cloud, door: Door) -> None:
    f = cloud.create("patient")
    cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=1)
    running = cloud.send(f, door.event)
    door.wait_for(1)
    assert cloud.aws.invoke(FunctionName=f, InvocationType="Event")["StatusCode"] == 202
    expired = cloud.lamb.run("wait", "events", f, "--empty", "--timeout", "1s", check=False)
    assert expired.returncode == 124
    door.open()
    running.result()
    cloud.lamb.run("wait", "events", f, "--empty", "--timeout", "30s")
    (event,) = cloud.lamb.json("events", "list", f)["Events"]
    assert (event["State"], event["Runs"]) == ("succeeded", 1)
    assert event["Throttles"] >= 1


# ------------------------------------------------------------------ provisioned


def test_a_provisioned_version_is_warm_and_what_is_beyond_is_on_demand(cloud: Cloud, door: Door) -> None:
    f = cloud.create("warm", Publish=True)
    assert state(cloud.provide(f, "1", 2)) == (2, 2, 2, "READY", None)
    listed = cloud.aws.list_provisioned_concurrency_configs(FunctionName=f)["ProvisionedConcurrencyConfigs"]
    assert [(each["FunctionArn"].rpartition(":")[2], each["Status"]) for each in listed] == [("1", "READY")]
    running = [cloud.send(f, door.event, "1") for _ in range(3)]
    door.wait_for(3)
    door.open()
    kinds = sorted(each.result()["kind"] for each in running)
    assert kinds == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert cloud.call(f)["kind"] == "on-demand"  # $LATEST has nothing of it
    log = cloud.lamb.run("logs", f).stdout
    assert log.count("INIT_REPORT Init Duration: ") == 2
    assert log.count("\tInit Duration: ") == 2


def test_with_all_of_the_reservation_provisioned_the_unpublished_version_is_throttled(cloud: Cloud) -> None:
    f = cloud.create("full", Publish=True)
    cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=1)
    cloud.provide(f, "1", 1)
    assert cloud.throttled(f) == CEILING
    assert cloud.call(f, qualifier="1")["kind"] == "provisioned-concurrency"
    with pytest.raises(ClientError, match=r"greater than the reservedConcurrentExecution"):
        cloud.provide(f, "1", 2)
    cloud.aws.delete_provisioned_concurrency_config(FunctionName=f, Qualifier="1")
    assert cloud.call(f)["kind"] == "on-demand"


def test_a_handler_that_cannot_be_loaded_fails(cloud: Cloud) -> None:
    f = cloud.create("broken", "import nothing_of_this_name", Publish=True)
    assert state(cloud.provide(f, "1", 2)) == (2, 0, 0, "FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    done = cloud.lamb.run("concurrency", f"{f}:1", "--provisioned", "1", check=False)
    assert done.returncode == 13
    assert done.stderr == f"lamb: the handler of {f}:1 cannot be loaded\nhint: `lamb logs {f}` says why\n"
    assert "No module named 'nothing_of_this_name'" in cloud.lamb.run("logs", f).stdout


def test_moving_the_alias_moves_the_allocation_and_deleting_it_ends_it(cloud: Cloud) -> None:
    f = cloud.create("moving", Publish=True)
    cloud.aws.create_alias(FunctionName=f, Name="live", FunctionVersion="1")
    before = cloud.environments()
    assert state(cloud.provide(f, "live", 2)) == (2, 2, 2, "READY", None)
    first = cloud.call(f, qualifier="live")
    assert (first["kind"], first["version"]) == ("provisioned-concurrency", "1")
    cloud.aws.update_function_configuration(FunctionName=f, MemorySize=256)
    cloud.aws.get_waiter("function_updated_v2").wait(FunctionName=f)
    assert cloud.aws.publish_version(FunctionName=f)["Version"] == "2"
    cloud.aws.update_alias(FunctionName=f, Name="live", FunctionVersion="2")
    assert state(cloud.provided(f, "live")) == (2, 2, 2, "READY", None)
    assert cloud.environments() == before + 2
    second = cloud.call(f, qualifier="live")
    assert (second["kind"], second["version"]) == ("provisioned-concurrency", "2")
    assert cloud.call(f, qualifier="1")["kind"] == "on-demand"
    cloud.aws.delete_alias(FunctionName=f, Name="live")
    assert cloud.environments() == before + 1
    assert (
        cloud.aws.list_provisioned_concurrency_configs(FunctionName=f)["ProvisionedConcurrencyConfigs"] == []
    )


def test_deleting_the_function_ends_what_it_kept_ready(cloud: Cloud) -> None:
    before = cloud.environments()
    f = cloud.create("deleted", Publish=True)
    cloud.provide(f, "1", 2)
    assert cloud.environments() == before + 2
    cloud.aws.delete_function(FunctionName=f)
    assert cloud.environments() == before


def test_errors_are_the_exceptions_that_clients_match_on(cloud: Cloud) -> None:
    f = cloud.create("refused", Publish=True)
    target = {"FunctionName": f, "Qualifier": "1"}
    with pytest.raises(cloud.aws.exceptions.ProvisionedConcurrencyConfigNotFoundException) as caught:
        cloud.aws.get_provisioned_concurrency_config(**target)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["message"] == "No Provisioned Concurrency Config found for this function"
    with pytest.raises(cloud.aws.exceptions.InvalidParameterValueException, match="unpublished"):
        cloud.aws.put_provisioned_concurrency_config(
            FunctionName=f, Qualifier="$LATEST", ProvisionedConcurrentExecutions=1
        )
    with pytest.raises(cloud.aws.exceptions.InvalidParameterValueException) as too_much:
        cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=1000)
    assert "Type" not in too_much.value.response
    deleted = cloud.aws.delete_provisioned_concurrency_config(**target)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204


# ------------------------------------------------------------------ over the daemon's life


def test_the_next_daemon_takes_up_what_is_set_aside(new_cloud: Callable[..., Cloud]) -> None:
    cloud = new_cloud()
    f = cloud.create("lasting", Publish=True)
    g = cloud.create("blocked")
    cloud.aws.put_function_concurrency(FunctionName=f, ReservedConcurrentExecutions=2)
    cloud.aws.put_function_concurrency(FunctionName=g, ReservedConcurrentExecutions=0)
    cloud.provide(f, "1", 2)
    before = cloud.call(f, qualifier="1")["me"]
    cloud.restart()
    assert cloud.throttled(g) == CEILING
    assert state(cloud.provided(f, "1")) == (2, 2, 2, "READY", None)
    after = cloud.call(f, qualifier="1")
    assert (after["kind"], after["me"] != before) == ("provisioned-concurrency", True)
    assert cloud.throttled(f) == CEILING


def test_an_environment_that_is_killed_is_replaced(new_lamb: Callable[..., harness.Lamb]) -> None:
    lamb = new_lamb()
    lamb.write("f.py", VISITOR)
    lamb.run("create", "f", "--file", "f.py", "--runtime", lamb.runtime, "--publish")
    lamb.run("concurrency", "f:1", "--provisioned", "1")
    before = json.loads(lamb.run("invoke", "f:1").stdout)["me"]
    # Those who fork environments, and with them all that they have forked.
    zygotes = machine.children(lamb.daemon_pid)
    assert zygotes
    for pid in zygotes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        assert machine.wait_gone(pid)
    document = lamb.json("concurrency", "f:1", "--provisioned", "1")
    assert (document["Status"], document["AvailableProvisionedConcurrentExecutions"]) == ("READY", 1)
    after = json.loads(lamb.run("invoke", "f:1").stdout)
    assert (after["kind"], after["me"] != before) == ("provisioned-concurrency", True)


def test_a_daemon_that_keeps_environments_ready_does_not_exit(new_lamb: Callable[..., harness.Lamb]) -> None:
    """Beside one that keeps none, which does: when that is gone, this one is still there."""
    keeping, idle = (new_lamb(LAMB_IDLE_EXIT_S="1") for _ in range(2))
    for lamb in (keeping, idle):
        lamb.write("f.py", VISITOR)
        lamb.run("create", "f", "--file", "f.py", "--runtime", lamb.runtime, "--publish")
        lamb.run("concurrency", "f:1", "--provisioned", "1")
    pid = keeping.daemon_pid
    idle.run("concurrency", "f:1", "--clear")
    assert machine.wait_gone(idle.daemon_pid, 30)
    assert keeping.daemon_pid == pid
