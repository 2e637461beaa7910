"""`lamb layer …`: code that functions share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.create import code_of
from lamb.cli.faults import UsageFault
from lamb.cli.function import agreed, moment
from lamb.cli.layer_names import found
from lamb.cli.output import size
from lamb.cli.session import Session
from lamb.cli.source import Source
from lamb.model.errors import ResourceNotFound

app = typer.Typer(
    name="layer",
    help="""Code that functions share, below /opt

    lamb layer publish tools --dir layer/ --runtime python3.12
    lamb configure hello --layer tools:1
    lamb layer list
    """,
)

Name = Annotated[str, typer.Argument(metavar="LAYER", help="Layer name or ARN", show_default=False)]
Version = Annotated[
    str,
    typer.Argument(
        metavar="LAYER", help="`NAME:3`, `NAME` for the newest version, or an ARN", show_default=False
    ),
]


@app.command("publish")
def publish(
    ctx: typer.Context,
    name: Name,
    zip_: options.Zip = None,
    dir_: options.Dir = None,
    file: options.File = None,
    s3: options.S3 = None,
    runtime: Annotated[
        list[str] | None,
        typer.Option("--runtime", metavar="RUNTIME", help="One that it is made for; may be repeated"),
    ] = None,
    license_: Annotated[
        str | None, typer.Option("--license", metavar="TEXT", help="e.g. MIT, or a URL")
    ] = None,
    description: options.Description = None,
    fix_permissions: options.FixPermissions = False,
) -> None:
    """Publish a version of a layer and print its ARN

    lamb layer publish tools --dir layer/ --runtime python3.12 --runtime python3.13
    lamb layer publish tools --zip layer.zip --license MIT
    lamb create hello --file hello.py --layer "$(lamb layer publish tools --dir layer/)"

    Functions see it at /opt: Python looks in python/, PATH has bin/, LD_LIBRARY_PATH has lib/.
    """
    session: Session = ctx.obj
    content = code_of(session, Source(zip_, dir_, file, s3), fix=fix_permissions)
    members = {
        "CompatibleRuntimes": runtime or None,
        "LicenseInfo": license_,
        "Description": description,
    }
    body = {key: value for key, value in members.items() if value is not None}
    made = session.client.layers.publish(name, {**body, "Content": content})
    if session.as_json:
        session.out.json(made)
    else:
        session.out.line(made["LayerVersionArn"])
    session.out.receipt(f"published {_called(made)} · {size(made['Content']['CodeSize'])}")


@app.command("list")
def list_(
    ctx: typer.Context,
    runtime: Annotated[
        str | None, typer.Option("--runtime", metavar="RUNTIME", help="Made for this one")
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """List layers, each with its newest version

    lamb layer list
    lamb layer list --runtime python3.12 -q
    """
    session: Session = ctx.obj
    layers = list(session.client.layers.list({"CompatibleRuntime": runtime}))
    if session.as_json:
        session.out.json({"Layers": layers})
        return
    if quiet:
        for layer in layers:
            session.out.line(layer["LayerName"])
        return
    rows = [(layer["LayerName"], *_summary(layer["LatestMatchingVersion"])) for layer in layers]
    session.out.table(("layer", "version", "runtimes", "description", "created"), rows)
    if not layers and session.out.attended:
        session.out.note("no layers yet")
        session.out.hint("`lamb layer publish tools --dir layer/`")


@app.command("versions")
def versions(ctx: typer.Context, name: Name, quiet: options.Quiet = False) -> None:
    """List the versions of a layer, the newest first

    lamb layer versions tools
    lamb layer versions tools -q | tail -n +4 | xargs -n1 lamb layer delete --yes  # keep three
    """
    session: Session = ctx.obj
    listed = list(session.client.layers.versions(name))
    if session.as_json:
        session.out.json({"LayerVersions": listed})
        return
    if quiet:
        for version in listed:
            session.out.line(_called(version))
        return
    session.out.table(
        ("version", "runtimes", "description", "created"), [_summary(version) for version in listed]
    )


@app.command("show")
def show(ctx: typer.Context, layer: Version) -> None:
    """Show a version of a layer

    lamb layer show tools
    lamb layer show tools:3 --json | jq -r .Content.CodeSha256
    """
    session: Session = ctx.obj
    told = session.client.layers.get(*found(session, layer))
    if session.as_json:
        session.out.json(told)
        return
    rows = [
        ("name", _called(told)),
        ("arn", told["LayerVersionArn"]),
        ("description", told["Description"]),
        ("runtimes", told.get("CompatibleRuntimes")),
        ("architectures", told.get("CompatibleArchitectures")),
        ("license", told.get("LicenseInfo")),
        ("code", f"{size(told['Content']['CodeSize'])} · {told['Content']['CodeSha256']}"),
        ("created", told["CreatedDate"]),
    ]
    session.out.pairs([row for row in rows if row[1]])


@app.command("delete")
def delete(
    ctx: typer.Context,
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="`NAME:3` or an ARN", show_default=False)],
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
) -> None:
    """Delete a version of a layer; functions that have it keep it

    lamb layer delete tools:3
    lamb layer delete tools:3 --yes --ignore-not-found  # in scripts
    """
    session: Session = ctx.obj
    if not layer.rpartition(":")[2].isdigit():
        raise UsageFault("Say which version", hint=f"`lamb layer versions {layer}` lists them")
    name, number = found(session, layer)
    try:
        session.client.layers.get(name, number)
    except ResourceNotFound:
        if not ignore_not_found:
            raise
        session.out.receipt(f"{layer} does not exist", "·")
        return
    if not (yes or agreed(session, f"version {number} of the layer {name}")):
        raise typer.Abort
    session.client.layers.delete(name, number)
    if session.as_json:
        session.out.json({"Deleted": layer})
    session.out.receipt(f"deleted {layer}")


@app.command("download")
def download(
    ctx: typer.Context,
    layer: Version,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE")] = None,
) -> None:
    """Write the zip of a version to a file and print its path

    lamb layer download tools
    lamb layer download tools:3 -o tools.zip
    """
    session: Session = ctx.obj
    told = session.client.layers.get(*found(session, layer))
    target = output or Path(f"{_called(told).replace(':', '-')}.zip")
    zipped = session.client.download(told["Content"]["Location"])
    try:
        target.write_bytes(zipped)
    except OSError as error:
        raise UsageFault(f"`{target}` cannot be written: {error.strerror}") from error
    if session.as_json:
        session.out.json({"File": str(target), "CodeSize": len(zipped)})
    else:
        session.out.line(str(target))
    session.out.receipt(f"wrote {_called(told)} · {size(len(zipped))}")


def _called(version: Mapping[str, Any]) -> str:
    """`tools:3` of `arn:aws:lambda:…:layer:tools:3`."""
    return ":".join(version["LayerVersionArn"].split(":")[-2:])


def _summary(version: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        version["Version"],
        version.get("CompatibleRuntimes", []),
        version["Description"],
        moment(version["CreatedDate"]),
    )
