"""`lamb role …`: what functions may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lamb.cli import options
from lamb.cli.faults import UsageFault
from lamb.cli.function import agreed
from lamb.cli.output import nearest
from lamb.cli.session import Session
from lamb.client.roles import Roles
from lamb.model.errors import LambError, ResourceConflict, ResourceNotFound

app = typer.Typer(
    name="role",
    help="""Roles: what functions may do

    lamb role create sender --allow sqs:SendMessage
    lamb configure hello --role sender
    lamb role allow sender lambda:InvokeFunction
    """,
)

Role = Annotated[str, typer.Argument(metavar="ROLE", help="Role name", show_default=False)]
On = Annotated[
    list[str] | None,
    typer.Option("--on", metavar="ARN", help="On these resources alone; may stand repeatedly"),
]

# The policy inside a role that these commands write.
_OWN = "lamb"
_VERSION = "2012-10-17"
_TRUST: dict[str, Any] = {
    "Version": _VERSION,
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@app.command("create")
def create(
    ctx: typer.Context,
    role: Role,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", metavar="ACTION", help="e.g. sqs:SendMessage; may stand repeatedly"),
    ] = None,
    on: On = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help="An IAM policy, JSON; - for stdin")
    ] = None,
    attach: Annotated[
        list[str] | None,
        typer.Option("--attach", metavar="POLICY", help="A managed policy: AWS's by name, any by ARN"),
    ] = None,
    description: options.Description = None,
    if_not_exists: options.IfNotExists = False,
) -> None:
    """Create a role that may do nothing but what is said, and print its ARN

    lamb role create sender --allow sqs:SendMessage --on arn:aws:sqs:us-east-1:123456789012:inbox
    lamb role create reader --policy reader.json --attach AWSLambdaBasicExecutionRole
    lamb create hello --file hello.py --role sender

    A function whose role is in no list may invoke, send and log.
    """
    session: Session = ctx.obj
    if on and not allow:
        raise UsageFault("`--on` says where `--allow` holds", hint="`--allow ACTION`, or leave out `--on`")
    documents = {}
    if policy is not None:
        documents["policy"] = _policy(session, policy)
    if allow:
        documents[_OWN] = _with({}, allow, on)
    managed = [_policy_arn(session, name) for name in attach or ()]
    roles = session.client.roles
    try:
        arn = roles.create(role, _TRUST, description)["Arn"]
    except ResourceConflict:
        if not if_not_exists:
            raise
        arn = roles.get(role)["Arn"]
    else:
        try:
            for name, document in documents.items():
                roles.put_policy(role, name, document)
            for each in managed:
                roles.attach(role, each)
        except LambError:
            # Half a role is none.
            _take_away(roles, role)
            raise
    session.out.json({"Arn": arn}) if session.as_json else session.out.line(arn)
    session.out.receipt(f"created the role {role}")


@app.command("allow")
def allow(
    ctx: typer.Context,
    role: Role,
    actions: Annotated[list[str], typer.Argument(metavar="ACTION...", show_default=False)],
    on: On = None,
) -> None:
    """Let a role do more

    lamb role allow sender lambda:InvokeFunction
    lamb role allow sender 's3:Get*' 's3:List*' --on 'arn:aws:s3:::pictures/*'
    """
    session: Session = ctx.obj
    roles = session.client.roles
    try:
        present = roles.policies(role).get(_OWN, {})
    except ResourceNotFound as error:
        raise _missing(session, error, role) from None
    document = _with(present, actions, on)
    if document != present:
        roles.put_policy(role, _OWN, document)
    if session.as_json:
        session.out.json({"PolicyName": _OWN, "PolicyDocument": document})
    session.out.receipt(f"{role} may {', '.join(actions)} on {', '.join(on or ['everything'])}")


@app.command("list")
def list_(ctx: typer.Context, quiet: options.Quiet = False) -> None:
    """List roles

    lamb role list
    lamb role list -q
    """
    session: Session = ctx.obj
    roles = list(session.client.roles.everything())
    if session.as_json:
        session.out.json({"Roles": roles})
    elif quiet:
        for role in roles:
            session.out.line(role["RoleName"])
    else:
        rows = [(role["RoleName"], role["Arn"], role["CreateDate"]) for role in roles]
        session.out.table(("role", "arn", "created"), rows)
        if not roles and session.out.attended:
            session.out.note("no roles yet: functions may invoke, send and log")
            session.out.hint("`lamb role create sender --allow sqs:SendMessage`")


@app.command("show")
def show(ctx: typer.Context, role: Role) -> None:
    """Show a role, its policies, and who may take it on

    lamb role show sender
    lamb role show sender --json | jq .Policies
    """
    session: Session = ctx.obj
    roles = session.client.roles
    try:
        told = roles.get(role)
    except ResourceNotFound as error:
        raise _missing(session, error, role) from None
    policies, attached = roles.policies(role), roles.attached(role)
    if session.as_json:
        session.out.json({"Role": told, "Policies": policies, "AttachedPolicies": attached})
        return
    trust = told["AssumeRolePolicyDocument"]
    shown = [
        ("arn", told["Arn"]),
        ("description", told.get("Description", "")),
        ("created", told["CreateDate"]),
        ("trust", json.dumps(trust["Statement"])),
        *((f"policy {name}", json.dumps(document["Statement"])) for name, document in policies.items()),
        *(("attached", arn) for arn in attached),
    ]
    session.out.pairs([(name, value) for name, value in shown if value])


@app.command("delete")
def delete(
    ctx: typer.Context,
    role: Role,
    yes: options.Yes = False,
    ignore_not_found: options.IgnoreNotFound = False,
    dry_run: options.DryRun = False,
) -> None:
    """Delete a role and the policies inside it

    lamb role delete sender
    lamb role delete sender --yes --ignore-not-found  # in scripts

    Functions that name it may invoke, send and log again.
    """
    session: Session = ctx.obj
    roles = session.client.roles
    try:
        policies = roles.policies(role)
    except ResourceNotFound as error:
        if not ignore_not_found:
            raise _missing(session, error, role) from None
        session.out.receipt(f"{role} does not exist", "·")
        return
    loss = f"the role {role} and {len(policies)} polic{'y' if len(policies) == 1 else 'ies'} inside it"
    if dry_run:
        session.out.json({"WouldDelete": loss}) if session.as_json else session.out.line(loss)
        return
    if not (yes or agreed(session, loss)):
        raise typer.Abort
    _take_away(roles, role)
    if session.as_json:
        session.out.json({"Deleted": role})
    session.out.receipt(f"deleted {loss}")


def _take_away(roles: Roles, role: str) -> None:
    """IAM deletes no role that has policies."""
    for arn in roles.attached(role):
        roles.detach(role, arn)
    for name in roles.policies(role):
        roles.delete_policy(role, name)
    roles.delete(role)


def _with(document: dict[str, Any], actions: list[str], on: list[str] | None) -> dict[str, Any]:
    """The policy with one statement more, unless it says that already."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(on or ["*"])}
    present = document.get("Statement", [])
    if statement in present:
        return document
    return {"Version": _VERSION, **document, "Statement": [*present, statement]}


def _policy(session: Session, file: Path) -> dict[str, Any]:
    try:
        text = session.stdin.read() if str(file) == "-" else file.read_text()
        document = json.loads(text)
    except OSError as error:
        raise UsageFault(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageFault(f"{file} is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise UsageFault(f"{file} is no policy", hint='{"Version": "2012-10-17", "Statement": […]}')
    return document


def _policy_arn(session: Session, name: str) -> str:
    """AWS's policies have paths that nobody knows by heart."""
    if name.startswith("arn:"):
        return name
    known = {arn.rpartition("/")[2]: arn for arn in session.client.roles.aws_policies()}
    if name not in known:
        hint = nearest(name, list(known), "a policy of your own is named by its ARN")
        raise UsageFault(f"AWS has no policy `{name}` that lamb knows", hint=hint)
    return known[name]


def _missing(session: Session, error: ResourceNotFound, role: str) -> ResourceNotFound:
    known = [each["RoleName"] for each in session.client.roles.everything()]
    error.hint = nearest(role, known, "`lamb role list` shows the roles of this home")
    return error
