"""`lamb serve`: AWS's API for boto3, the AWS CLI, Terraform and browsers, on a port of this machine."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from lamb.cli.session import Session

app = typer.Typer()


@app.command("serve")
def serve(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", metavar="N", help="Without it, any free one")] = 0,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Loopback only")] = "127.0.0.1",
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Take requests of anybody, unsigned")] = False,
) -> None:
    """Serve AWS's Lambda API on a port, for boto3 and others

    lamb serve --port 9000
    lamb serve --port 9000 --json

    lamb serve --port 9000 --no-auth  # any credentials, or none

    Only this machine can reach it. `eval "$(lamb env)"` in another shell sets the endpoint and the keys that
    requests are signed with; `aws lambda list-functions` then lists functions. Ctrl-C closes the port.
    """
    session: Session = ctx.obj
    out = session.out
    # From here on the signals only end the wait: the port is to be closed however this ends.
    signal.pthread_sigmask(signal.SIG_BLOCK, _END)
    opened = session.client.access.listen(host, port, signed=not no_auth)
    try:
        if session.as_json:
            out.json_line(opened)
        else:
            out.line(opened["url"])
        out.stdout.flush()
        if no_auth:
            out.note("anybody on this machine can call and change every function: requests are not checked")
        elif out.receipts:
            out.hint('`eval "$(lamb env)"` in another shell has AWS tools talk to this port')
        number = signal.sigwait(_END)
    finally:
        # A daemon that was stopped meanwhile has closed the port; no other is to be started for that.
        closing = session.another_client()
        if closing.running() is not None:
            closing.access.unlisten(opened["port"])
    session.exit_code = 130 if number == signal.SIGINT else 0


_END = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
