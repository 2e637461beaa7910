"""`lamb publish` and `lamb versions`: what is frozen."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.create import redacted
from lamb.cli.faults import Refusal
from lamb.cli.function import moment
from lamb.cli.output import size
from lamb.cli.session import Session
from lamb.model.errors import InvalidParameterValue

app = typer.Typer()


@app.command("publish")
def publish(
    ctx: typer.Context,
    name: options.Function,
    description: options.Description = None,
    code_sha256: Annotated[
        str | None, typer.Option("--code-sha256", metavar="HASH", help="Only if this is still the code")
    ] = None,
    revision_id: options.RevisionId = None,
) -> None:
    """Freeze code and configuration as a numbered version

    lamb publish hello
    version=$(lamb publish hello --description 'release 7')
    lamb publish hello --code-sha256 "$sha"  # only if the code is still that

    Without a change since the last version it prints that one. Numbers are never used twice.
    """
    session: Session = ctx.obj
    given = {"Description": description, "CodeSha256": code_sha256, "RevisionId": revision_id}
    body = {member: value for member, value in given.items() if value is not None}
    try:
        document = session.client.publish(name, body)
    except InvalidParameterValue as error:
        # For AWS a wrong hash is a wrong parameter; for a script it is a guard that did not hold.
        if code_sha256 is None or not error.message.startswith("CodeSHA256 "):
            raise
        raise Refusal(error.message) from error
    if session.as_json:
        session.out.json(redacted(document))
    else:
        session.out.line(document["Version"])
    session.out.receipt(f"{document['FunctionName']}:{document['Version']} is published")


@app.command("versions")
def versions(ctx: typer.Context, name: options.Function, quiet: options.Quiet = False) -> None:
    """List a function's versions and the aliases that point at them

    lamb versions hello
    lamb versions hello -q | tail -1
    lamb versions hello --json | jq '.Versions[].CodeSha256'
    """
    session: Session = ctx.obj
    found = [redacted(version) for version in session.client.versions(name)]
    if session.as_json:
        session.out.json({"Versions": found})
    elif quiet:
        for version in found:
            session.out.line(version["Version"])
    else:
        aliases = _aliases_by_version(session, name)
        session.out.table(
            ("version", "aliases", "runtime", "code", "sha256", "modified", "description"),
            [
                (
                    version["Version"],
                    ", ".join(aliases.get(version["Version"], [])),
                    version.get("Runtime"),
                    size(version["CodeSize"]),
                    version["CodeSha256"][:12],
                    moment(version["LastModified"]),
                    version["Description"],
                )
                for version in found
            ],
        )


def _aliases_by_version(session: Session, name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alias in session.client.alias_list(name):
        for version, share in shares(alias):
            found.setdefault(version, []).append(
                alias["Name"] + ("" if share == 1 else f" {share * 100:.4g}%")
            )
    return found


def shares(alias: dict[str, Any]) -> list[tuple[str, float]]:
    """(version, probability), the primary one first."""
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    return [(alias["FunctionVersion"], 1 - sum(weights.values())), *weights.items()]


def routes(alias: dict[str, Any]) -> str:
    """`3`, or `3 (90%), 4 (10%)`."""
    found = shares(alias)
    if len(found) == 1:
        return str(found[0][0])
    return ", ".join(f"{version} ({share * 100:.4g}%)" for version, share in found)
