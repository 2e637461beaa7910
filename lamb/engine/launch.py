"""What an environment is made of: its order, its variables, its credentials, its place in the log."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from lamb.engine import variables
from lamb.engine.blanks import Blanks
from lamb.engine.environment import Environment
from lamb.engine.transcript import Transcript
from lamb.logs.journal import Group, Journal
from lamb.model.clock import Clock, day
from lamb.model.invocation import Target
from lamb.model.names import runtime_version_arn
from lamb.runtimes.base import Runtime
from lamb.sandbox.process import Zygote
from lamb.sandbox.spec import HOST_UID, Order

E = TypeVar("E", bound=Environment)


class Identity(NamedTuple):
    """Who a function is to lamb: variables it gets, and what to do when the environment ends."""

    variables: Mapping[str, str]
    revoke: Callable[[], None] = lambda: None


class Launcher:
    """Makes environments that are ready to be started. `identify` makes the credentials of each."""

    def __init__(
        self,
        blanks: Blanks,
        journal: Journal,
        clock: Clock,
        identify: Callable[[Target], Identity],
        *,
        memory_by_cgroup: bool,
        init_max_s: float,
    ) -> None:
        self._blanks = blanks
        self._journal = journal
        self._clock = clock
        self._identify = identify
        self._memory_by_cgroup = memory_by_cgroup
        self._init_max_s = init_max_s

    def make(
        self, kind: type[E], target: Target, runtime: Runtime, zygote: Zygote, ended: Callable[[E], None]
    ) -> E:
        """An environment of that kind, not yet started; `ended` is called once, when it is gone.

        Raises EnvironmentStartFailed, KMS errors and OSError; nothing of it is left then.
        """
        stream = _stream(target, day(self._clock.now_ms()))
        environment: E
        leaving: contextlib.ExitStack

        def on_end() -> None:
            ended(environment)
            leaving.close()

        with contextlib.ExitStack() as stack:
            identity = self._identify(target)
            stack.callback(identity.revoke)
            places, workdir = _places(target, zygote)
            if workdir:
                stack.callback(shutil.rmtree, workdir, ignore_errors=True)
            environ = variables.compose(target, runtime, stream, identity.variables, places, kind.init_type)
            order = self._order(target, environ, places, workdir)
            blank = self._blanks.take(zygote)
            leaving = stack.pop_all()
        logging = target.configuration.logging
        group = Group(target.key.account, target.key.region, logging.group)
        transcript = Transcript(self._journal, group, stream, self._clock, logging, kind.init_type)
        transcript.describe(target.version, *_runtime_version(target, runtime))
        environment = kind(target, order, transcript, blank, on_end, self._init_max_s)
        return environment

    def _order(
        self, target: Target, environ: dict[str, str], places: variables.Places, workdir: str
    ) -> Order:
        configuration = target.configuration
        return Order(
            task=target.code.name,
            handler=configuration.handler,
            environ=environ,
            tmp_mb=configuration.ephemeral_storage_mb,
            memory_mb=configuration.memory_mb,
            network=configuration.network,
            memory_by_cgroup=self._memory_by_cgroup,
            workdir=workdir,
            opt=target.opt.name if target.opt else "",
            opt_root=places.opt,
        )


def _stream(target: Target, today: str) -> str:
    """The log stream of an environment; in a group of the user's choice it tells whose it is, too.

    Developer Guide, "Configuring CloudWatch log groups".
    """
    unique = secrets.token_hex(16)
    if target.configuration.logging.group == f"/aws/lambda/{target.key.name}":
        return f"{today}/[{target.version}]{unique}"
    return f"{today}/{target.key.name}[{target.version}][{unique}]"


def _places(target: Target, zygote: Zygote) -> tuple[variables.Places, str]:
    """Where things are for the function; without the mount wall they stay where they are."""
    if "mount" in zygote.base.walls:
        return variables.Places(), ""
    workdir = tempfile.mkdtemp(prefix="environment-", dir=zygote.base.scratch)
    if os.getuid() == 0:
        os.chown(workdir, HOST_UID, HOST_UID)
    opt = str(target.opt or "/opt")
    return variables.Places(str(target.code), zygote.base.runtime_dir, workdir, opt), workdir


def _runtime_version(target: Target, runtime: Runtime) -> tuple[str, str]:
    """`python:3.12.v1` and the ARN of that runtime version."""
    name, _, patch = runtime.version.rpartition(".")
    return f"python:{name}.v{patch}", runtime_version_arn(target.key.region, runtime.name)
