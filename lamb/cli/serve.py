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
) -> None:
    """Serve AWS's Lambda API on a port, for boto3 and others

    lamb serve --port 9000
    lamb serve --port 9000 --json

    Only this machine can reach it. `aws lambda list-functions --endpoint-url http://127.0.0.1:9000`
    then lists functions. Ctrl-C closes the port.
    """
    session: Session = ctx.obj
    out = session.out
    # From here on the signals only end the wait: the port is to be closed however this ends.
    signal.pthread_sigmask(signal.SIG_BLOCK, _END)
    opened = session.client.listen(host, port)
    try:
        if session.as_json:
            out.json_line(opened)
        else:
            out.line(opened["url"])
        out.stdout.flush()
        if out.receipts:
            for line in _exports(session, opened["url"]):
                out.note(line)
        number = signal.sigwait(_END)
    finally:
        # A daemon that was stopped meanwhile has closed the port; no other is to be started for that.
        closing = session.another_client()
        if closing.running() is not None:
            closing.unlisten(opened["port"])
    session.exit_code = 130 if number == signal.SIGINT else 0


_END = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def _exports(session: Session, url: str) -> list[str]:
    """What makes the AWS CLI and every SDK of this shell talk to lamb."""
    return [
        *(f"export AWS_ENDPOINT_URL_{service}={url}" for service in ("LAMBDA", "SQS", "SNS")),
        f"export AWS_DEFAULT_REGION={session.settings.region}",
        "export AWS_ACCESS_KEY_ID=lamb AWS_SECRET_ACCESS_KEY=lamb",
    ]
