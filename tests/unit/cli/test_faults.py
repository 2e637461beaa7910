"""Failures: one line, a hint, a stable code; a bug leaves a report without secrets."""

from __future__ import annotations

import io
import stat
import subprocess
import sys

import pytest

from lamb.cli import app, exit_codes
from lamb.cli.output import Output
from lamb.cli.session import Session
from lamb.model import errors


def test_every_verdict_and_every_error_has_a_code_that_is_explained():
    codes = {exit_codes.of_error(cls.__new__(cls)) for cls in vars(errors).values() if _is_error(cls)}
    assert codes | set(exit_codes.OF_VERDICT.values()) <= exit_codes.MEANINGS.keys()


def _is_error(value) -> bool:
    return isinstance(value, type) and issubclass(value, errors.LambError)


def run(session: Session, *arguments: str) -> tuple[int, str]:
    out = Output(io.StringIO(), io.StringIO())
    session._out = out
    return app.run(list(arguments), session), out.stderr.getvalue()


class Broken:
    def list(self) -> None:
        secret = "s3cret-payload"
        raise RuntimeError(f"cannot digest {secret}")

    def close(self) -> None:
        pass


def test_a_bug_leaves_a_report_that_holds_no_values(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMB_HOME", str(tmp_path))
    code, said = run(Session(Broken()), "list")
    assert code == 1
    assert said.startswith("lamb: this is a bug in lamb; the report is in `")
    assert said.count("\n") == 1
    [report] = (tmp_path / "run").glob("crash-*-RuntimeError.txt")
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert "in list: raise RuntimeError" in text
    assert "s3cret" not in text + said


def test_a_bug_without_a_home_to_write_to_still_names_its_place(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LAMB_HOME", str(tmp_path / "file" / "home"))
    code, said = run(Session(Broken()), "list")
    assert code == 1
    assert "RuntimeError at test_faults.py:" in said


def test_a_setting_that_cannot_be_read_is_a_usage_error(lamb_line, tmp_path):
    (tmp_path / "lamb.toml").write_text("colour = 1")
    assert lamb_line("config", "list") == 2
    assert lamb_line.err.endswith("hint: did you mean `color`?\n")


def test_sentences_end_without_a_full_stop_and_several_keep_theirs(lamb_line, client):
    client.answer = errors.InvalidParameterValue("One sentence.")
    assert lamb_line("invoke", "hello") == 2
    assert lamb_line.err == "lamb: One sentence\n"
    client.answer = errors.InvalidParameterValue("One. Two.")
    lamb_line("invoke", "hello")
    assert lamb_line.err == "lamb: One. Two.\n"


def test_a_daemon_with_less_than_all_walls_is_not_used_when_all_are_required(lamb_line, monkeypatch, client):
    monkeypatch.setenv("LAMB_SANDBOX", "require")
    session = Session(out=Output(io.StringIO(), io.StringIO()))
    session.another_client = lambda: client  # a daemon that runs with `auto`
    assert app.run(["list"], session) == 1
    assert "lamb daemon stop" in session.out.stderr.getvalue()


PRINT_MUCH = "import sys; from lamb.cli.main import main; sys.argv = ['lamb', 'completion', 'fish']; main()"


def test_a_reader_who_has_seen_enough_is_no_failure(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", PRINT_MUCH], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.parametrize("arguments", [["--version"], ["config", "list"]])
def test_a_closed_stdout_from_the_start_is_survived(tmp_path, arguments):
    line = [sys.executable, "-m", "lamb.cli.main", *arguments]
    done = subprocess.run(
        ["/bin/sh", "-c", '"$@" | true', "sh", *line], capture_output=True, cwd=tmp_path, check=True
    )
    assert done.stderr == b""
