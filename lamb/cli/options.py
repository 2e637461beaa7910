"""Arguments and options that several commands share. Metavars name what a shell can complete."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Function = Annotated[str, typer.Argument(metavar="NAME", help="Function name or ARN", show_default=False)]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="FUNCTION", help="Function name or ARN; `NAME:3` or `NAME:prod` for a version or an alias"
    ),
]
AliasName = Annotated[str, typer.Argument(metavar="ALIAS", help="Alias name", show_default=False)]

# --- where code comes from ---
Zip = Annotated[Path | None, typer.Option("--zip", metavar="FILE", help="A zip, as it is")]
Dir = Annotated[Path | None, typer.Option("--dir", metavar="DIR", help="A directory, zipped here")]
File = Annotated[Path | None, typer.Option("--file", metavar="FILE", help="A single file, zipped here")]
S3 = Annotated[str | None, typer.Option("--s3", metavar="URL", help="A zip in a bucket: s3://BUCKET/KEY")]
Live = Annotated[
    Path | None,
    typer.Option("--live", metavar="DIR", help="A directory; its changes are in the next invocation"),
]
FixPermissions = Annotated[bool, typer.Option("--fix-permissions", help="Repair bad file modes")]

# --- configuration ---
Runtime = Annotated[
    str | None, typer.Option("--runtime", metavar="RUNTIME", help="e.g. python3.12; see `lamb runtimes`")
]
Handler = Annotated[str | None, typer.Option("--handler", metavar="MODULE.FUNCTION")]
Memory = Annotated[int | None, typer.Option("--memory", metavar="MB", help="128 to 10240 MB")]
Timeout = Annotated[int | None, typer.Option("--timeout", metavar="SECONDS", help="1 to 900 s")]
Tmp = Annotated[int | None, typer.Option("--tmp", metavar="MB", help="Size of /tmp, 512 to 10240 MB")]
Role = Annotated[str | None, typer.Option("--role", metavar="ROLE", help="Name or ARN; see `lamb role`")]
Description = Annotated[str | None, typer.Option("--description", metavar="TEXT")]
Network = Annotated[
    Literal["host", "none"] | None, typer.Option("--network", help="What the function can reach")
]
Layers = Annotated[
    list[str] | None,
    typer.Option("--layer", metavar="LAYER", help="NAME:3, NAME or an ARN; may be repeated, in order"),
]
DeadLetter = Annotated[
    str | None,
    typer.Option("--dead-letter", metavar="TO", help="For failed events: queue:NAME, topic:NAME, an ARN"),
]
LogFormat = Annotated[Literal["text", "json"] | None, typer.Option("--log-format")]
LogLevel = Annotated[
    Literal["trace", "debug", "info", "warn", "error", "fatal"] | None,
    typer.Option("--log-level", help="Least level of the function's own log lines; needs --log-format json"),
]

# --- environment variables ---
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "-E", "--env", metavar="KEY[=VALUE]", help="An environment variable; KEY alone passes yours on"
    ),
]
EnvFile = Annotated[list[Path] | None, typer.Option("--env-file", metavar="FILE", help="Lines of KEY=VALUE")]

# --- how a command behaves ---
Publish = Annotated[bool, typer.Option("--publish", help="Publish a version of it, too")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until the change has settled")]
RevisionId = Annotated[
    str | None, typer.Option("--revision-id", metavar="ID", help="Only if this is still the revision")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Names only")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask")]
IfNotExists = Annotated[bool, typer.Option("--if-not-exists", help="No failure when it is there already")]
IgnoreNotFound = Annotated[
    bool, typer.Option("--ignore-not-found", help="No failure when there is no such thing")
]
