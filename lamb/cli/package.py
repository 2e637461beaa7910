"""`lamb package …`: look into a package, repair it, build one. Needs no daemon."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamb.cli.exit_codes import CONFLICT
from lamb.cli.faults import UsageFault
from lamb.cli.output import size
from lamb.cli.session import Session
from lamb.cli.source import Source

if TYPE_CHECKING:
    from lamb.packages.archive import Finding

app = typer.Typer(
    name="package",
    help="""Zips that Lambda can run

    lamb package check shop.zip
    lamb package check shop.zip --fix -o fixed.zip
    lamb package build src/ -o shop.zip
    """,
)

_MARKS = {"error": ("✗", "red"), "warning": ("!", "yellow"), "note": ("·", "dim")}

Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE")]


@app.command("check")
def check(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A zip, a directory or a single file")],
    handler: Annotated[str | None, typer.Option("--handler", metavar="MODULE.FUNCTION")] = None,
    runtime: Annotated[str | None, typer.Option("--runtime", metavar="RUNTIME")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write a repaired zip and print its path")] = False,
    output: Output = None,
) -> None:
    """Check every entry of a package: its mode, its name, its target, its size

    lamb package check shop.zip
    lamb package check shop.zip --handler app.handler --runtime python3.12
    lamb package check shop.zip --fix -o fixed.zip

    Exit code 4 when there are errors (with --fix: when there are errors left).
    """
    from lamb.packages import archive  # noqa: PLC0415 -- only commands that look into packages pay for it

    session: Session = ctx.obj
    package = _read(path)
    findings = archive.inspect(package, handler=handler, runtime=runtime)
    print_findings(session, findings)
    if fix:
        target = output or path.with_name(f"{path.stem}-fixed.zip")
        repaired = archive.repair(package, handler=handler, runtime=runtime)
        target.write_bytes(repaired)
        if not session.as_json:
            session.out.line(str(target))
        findings = archive.inspect(repaired, handler=handler, runtime=runtime)
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        session.exit_code = CONFLICT
        plural = "" if errors == 1 else "s"
        session.out.receipt(f"{errors} error{plural}{' left' if fix else ''}", "✗")
        if not fix:
            session.out.hint(
                f"`lamb package check {path} --fix` writes a repaired zip where that is possible"
            )
    else:
        session.out.receipt(f"{path} can run · {size(len(package))}")


def print_findings(session: Session, findings: list[Finding]) -> None:
    """Each finding with its entry, its mode, what is expected and the fix."""
    out = session.out
    if session.as_json:
        shown = [{**finding._asdict(), "mode": _mode(finding)} for finding in findings]
        out.json({"Findings": shown})
        return
    if not out.terminal:
        out.table(
            (), [(f.severity, f.code, f.entry, _mode(f), f.expected, f.message, f.fix) for f in findings]
        )
        return
    for finding in findings:
        mark, tone = _MARKS[finding.severity]
        modes = f" ({_mode(finding)}, expected {finding.expected})" if finding.mode is not None else ""
        entry = out.style(finding.entry, "bold", stream=out.stdout) + " " if finding.entry else ""
        out.line(f"{out.style(mark, tone, stream=out.stdout)} {entry}{finding.message}{modes}")
        if finding.fix:
            out.line(out.style(f"  fix: {finding.fix}", "dim", stream=out.stdout))


@app.command("build")
def build(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="DIR", help="A directory, or a single file")],
    output: Output = None,
) -> None:
    """Zip a directory for Lambda: the same input gives the same bytes on any machine

    lamb package build src/
    lamb package build src/ -o shop.zip

    Modes become 0644 and 0755; `.lambignore` names what stays out. Prints the zip's path.
    """
    session: Session = ctx.obj
    package = Source(dir=path).read() if path.is_dir() else Source(file=path).read()
    target = output or Path(f"{path.resolve().name if path.is_dir() else path.stem}.zip")
    target.write_bytes(package)
    if session.as_json:
        session.out.json({"Path": str(target), "CodeSize": len(package)})
    else:
        session.out.line(str(target))
    session.out.receipt(f"built {target} · {size(len(package))}")


def _read(path: Path) -> bytes:
    if path.is_dir():
        return Source(dir=path).read()
    if not path.exists():
        raise UsageFault(f"`{path}` does not exist")
    if path.suffix == ".py":
        return Source(file=path).read()
    return Source(zip=path).read()


def _mode(finding: Finding) -> str | None:
    return None if finding.mode is None else f"{finding.mode:04o}"
