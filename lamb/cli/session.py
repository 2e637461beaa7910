"""What every command is given: its settings, its output, and a client when it asks for one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from lamb.cli.output import Output
from lamb.model import settings
from lamb.model.errors import SandboxRefused

if TYPE_CHECKING:
    from lamb.client.client import Client


class Session:
    """One run of the command line. Settings are read, and a daemon reached, when first asked for."""

    def __init__(self, client: Client | None = None, out: Output | None = None) -> None:
        """Both are made from the settings unless they are given."""
        self.flags: dict[str, Any] = {}
        """Settings given as flags: key → text."""
        self.as_json = False
        self.verbose = False
        self.exit_code = 0
        """What a command that printed its result came to, even when the reader has gone away."""
        self.stdin: TextIO = sys.stdin
        self._client = client
        self._out = out
        self._resolved: settings.Resolved | None = None

    @property
    def resolved(self) -> settings.Resolved:
        """Raises SettingInvalid."""
        if self._resolved is None:
            self._resolved = settings.load(self.flags)
        return self._resolved

    @property
    def settings(self) -> settings.Settings:
        return self.resolved.settings

    @property
    def out(self) -> Output:
        if self._out is None:
            color = self.settings.color
            self._out = Output(color=color, verbose=self.verbose)
        return self._out

    @property
    def plain_out(self) -> Output:
        """An output for bad news: works also when the settings cannot be read."""
        return self._out or Output(color=self.flags.get("color", "auto"))

    @property
    def client(self) -> Client:
        """A client of this home's daemon, which is started with the first request if need be."""
        if self._client is None:
            self._client = self.another_client()
            self._refuse_weaker_daemon()
        return self._client

    def another_client(self) -> Client:
        """A second connection, for what goes on at the same time."""
        # Commands without a daemon never pay for the transport.
        from lamb.client.client import Client  # noqa: PLC0415

        environment = settings.process_environment()
        return Client(self.settings.home, {**environment, **settings.as_environment(self.settings)})

    def _refuse_weaker_daemon(self) -> None:
        """`sandbox = require` must hold for a daemon that somebody started with less."""
        if self.settings.sandbox == "auto" or self._client is None:
            return
        running = self._client.running()
        if running is not None and running.get("sandbox") != self.settings.sandbox:
            raise SandboxRefused(
                "The running daemon was started without `sandbox = require`; "
                "`lamb daemon stop`, and the next command starts it anew"
            )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
