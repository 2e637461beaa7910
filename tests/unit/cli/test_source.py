"""What is packed, what is guessed from it, and what is refused."""

from __future__ import annotations

import io
import zipfile

import pytest

from lamb.cli.faults import Refusal, UsageFault
from lamb.cli.output import Output
from lamb.cli.source import Source, checked, guess_handler, sensible_runtime


def package(mode: int = 0o644, **files: str) -> bytes:
    """A zip of modules, each with this mode."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(f"{name.replace('__', '/')}.py")
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            archive.writestr(entry, text)
    return stream.getvalue()


HANDLER = "def {}(event, context): ...\n"


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"hello": HANDLER.format("handler")}, "hello.handler"),
        ({"hello": HANDLER.format("lambda_handler")}, "hello.lambda_handler"),
        ({"hello": "async def handler(event, context): ...\n"}, "hello.handler"),
        ({"hello": HANDLER.format("greet")}, "hello.greet"),
        ({"hello": HANDLER.format("_private") + HANDLER.format("greet")}, "hello.greet"),
        ({"hello": "def one(a): ...\n" + HANDLER.format("greet")}, "hello.greet"),
        ({"hello": "def three(a, b, c): ...\n" + HANDLER.format("greet")}, "hello.greet"),
        ({"hello": "def named(a, b, *, c): ...\n" + HANDLER.format("greet")}, "hello.greet"),
        ({"hello": "def handler(event, context, clock=None): ...\n"}, "hello.handler"),
        ({"hello": "def handler(*args): ...\n"}, "hello.handler"),
        ({"app": "from mangum import Mangum\nhandler = Mangum(app)\n"}, "app.handler"),
        ({"app": "from shop.web import main as handler\n"}, "app.handler"),
        ({"a": HANDLER.format("helper"), "b": HANDLER.format("handler")}, "b.handler"),
        (
            {"lambda_function": HANDLER.format("lambda_handler"), "app": HANDLER.format("handler")},
            "lambda_function.lambda_handler",
        ),
        ({"shop__web": HANDLER.format("handler"), "app": HANDLER.format("greet")}, "app.greet"),
    ],
)
def test_a_handler_is_guessed_where_there_is_one_answer(files, handler):
    assert guess_handler(package(**files)) == handler


@pytest.mark.parametrize(
    ("files", "said", "hint"),
    [
        (
            {"a": HANDLER.format("handler"), "b": HANDLER.format("handler")},
            "not clear",
            "a.handler, b.handler",
        ),
        ({"a": HANDLER.format("f") + HANDLER.format("g")}, "not clear", "a.f, a.g"),
        ({"a": "x = 1\n"}, "No handler found", "--handler MODULE.FUNCTION"),
        ({"a": "def broken(:\n"}, "No handler found", "--handler MODULE.FUNCTION"),
    ],
)
def test_a_handler_that_is_not_clear_is_asked_for(files, said, hint):
    with pytest.raises(UsageFault, match=said) as fault:
        guess_handler(package(**files))
    assert hint in fault.value.hint


def test_a_broken_archive_has_no_handler_and_no_traceback():
    with pytest.raises(UsageFault, match="No handler found"):
        guess_handler(b"PK\x03\x04 no zip at all")


@pytest.mark.parametrize(
    ("known", "runtime"),
    [
        (["python3.10", "python3.11", "python3.12"], "python3.11"),
        (["python3.9", "python3.10", "python3.12"], "python3.12"),
        (["nodejs22.x", "python3.10"], "python3.10"),
    ],
)
def test_the_runtime_is_the_python_that_runs_lamb_or_else_the_highest(known, runtime):
    assert sensible_runtime(known, (3, 11)) == runtime


def test_a_host_without_python_runtimes_is_told_where_to_look():
    with pytest.raises(UsageFault) as fault:
        sensible_runtime([], (3, 11))
    assert "lamb runtimes" in fault.value.hint


@pytest.mark.parametrize("given", [{}, {"zip": 1, "dir": 1}, {"zip": 1, "dir": 1, "file": 1}])
def test_exactly_one_source_is_asked_for(tmp_path, given):
    with pytest.raises(UsageFault, match="Say where the code is"):
        Source(**dict.fromkeys(given, tmp_path))


def test_what_is_not_there_or_of_another_kind_is_said(tmp_path):
    (tmp_path / "f.py").touch()
    for source, said in [
        (Source(zip=tmp_path / "no.zip"), "cannot be read: No such file"),
        (Source(dir=tmp_path / "no"), "does not exist"),
        (Source(file=tmp_path / "no"), "does not exist"),
        (Source(dir=tmp_path / "f.py"), "is no directory"),
        (Source(file=tmp_path), "is a directory: use --dir"),
    ]:
        with pytest.raises(UsageFault, match=said):
            source.read()


def test_a_zip_is_taken_as_it_is(tmp_path):
    (tmp_path / "p.zip").write_bytes(package(a="x"))
    assert Source(zip=tmp_path / "p.zip").read() == package(a="x")


def out() -> Output:
    return Output(io.StringIO(), io.StringIO(), verbose=True)


def test_modes_that_would_fail_are_refused_entry_by_entry():
    bad = package(mode=0o600, **{f"m{n}": "" for n in range(7)})
    with pytest.raises(Refusal) as refusal:
        checked(bad, "python3.11", "strict", out(), fix=False)
    assert "`m0.py` cannot be read by the function's user (mode 0600, expected 0644)" in refusal.value.message
    assert refusal.value.message.endswith("and 2 more")
    assert "--fix-permissions" in refusal.value.hint


def test_one_setting_takes_them_as_aws_does():
    bad = package(mode=0o600, m="")
    assert checked(bad, "python3.11", "aws", out(), fix=False) == bad


@pytest.mark.parametrize(
    ("mode", "refused"), [(0o644, False), (0o755, False), (0o664, False), (0o777, False), (0o604, True)]
)
def test_only_what_lacks_a_bit_of_the_rule_is_refused(mode, refused):
    if refused:
        with pytest.raises(Refusal):
            checked(package(mode=mode, m=""), "python3.11", "strict", out(), fix=False)
    else:
        checked(package(mode=mode, m=""), "python3.11", "strict", out(), fix=False)


def test_fixing_repairs_the_modes_and_nothing_else():
    fixed = checked(package(mode=0o600, m="x = 1"), "python3.11", "strict", out(), fix=True)
    with zipfile.ZipFile(io.BytesIO(fixed)) as archive:
        [entry] = archive.infolist()
        assert (entry.filename, entry.external_attr >> 16 & 0o777) == ("m.py", 0o644)
        assert archive.read(entry) == b"x = 1"


def test_good_modes_pass_unchanged_with_and_without_fixing():
    good = package(m="x = 1")
    for fix in (True, False):
        assert checked(good, "python3.11", "strict", out(), fix=fix) == good
