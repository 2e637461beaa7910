"""create, update, configure, show, list, delete: what is sent, what is said, what is never shown."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from lamb.model.errors import PreconditionFailed

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def sent(client, verb: str) -> dict:
    return [said for said in client.said if said[0] == verb][-1][-1]


def test_create_prints_the_arn_and_says_what_it_guessed(lamb_line, client, hello):
    assert lamb_line("create", "new", "--file", "hello.py") == 0
    assert lamb_line.out == f"{ARN}new\n"
    assert lamb_line.err == (
        "handler hello.handler (found in the code)\nruntime python3.11 (found on this host)\n"
    )
    body = sent(client, "create")
    assert (body["Handler"], body["Runtime"]) == ("hello.handler", "python3.11")
    with zipfile.ZipFile(io.BytesIO(body["Code"]["ZipFile"])) as archive:
        assert archive.namelist() == ["hello.py"]


def test_every_flag_of_create_becomes_a_member(lamb_line, client, hello, monkeypatch):
    monkeypatch.setenv("TOKEN", "t")
    (hello.parent / "env").write_text("FROM_FILE=f\n")
    given = (
        "create new --file hello.py --runtime python3.12 --handler a.b --memory 512 --timeout 9 --tmp 600 "
        "--role arn:aws:iam::123456789012:role/r --description d --tag a=b --tag c=d -E STAGE=x -E TOKEN "
        "--env-file env --network none --log-format json --log-level warn --publish"
    )
    assert lamb_line(*given.split()) == 0
    body = sent(client, "create")
    del body["Code"]
    assert body == {
        "FunctionName": "new",
        "Runtime": "python3.12",
        "Handler": "a.b",
        "MemorySize": 512,
        "Timeout": 9,
        "EphemeralStorage": {"Size": 600},
        "Role": "arn:aws:iam::123456789012:role/r",
        "Description": "d",
        "Tags": {"a": "b", "c": "d"},
        "Environment": {"Variables": {"FROM_FILE": "f", "STAGE": "x", "TOKEN": "t"}},
        "Lamb": {"Network": "none"},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"},
        "Publish": True,
    }
    assert lamb_line.out == f"{ARN}new:1\n"


def test_what_is_not_given_is_not_sent(lamb_line, client, hello):
    lamb_line("create", "new", "--file", "hello.py")
    assert set(sent(client, "create")) == {"FunctionName", "Runtime", "Handler", "Role", "Code"}


def test_the_settings_give_role_and_network(lamb_line, client, hello, monkeypatch):
    monkeypatch.setenv("LAMB_NETWORK", "none")
    monkeypatch.setenv("LAMB_DEFAULT_ROLE", "arn:aws:iam::123456789012:role/mine")
    lamb_line("create", "new", "--file", "hello.py")
    body = sent(client, "create")
    assert (body["Lamb"], body["Role"]) == ({"Network": "none"}, "arn:aws:iam::123456789012:role/mine")


def test_a_function_that_exists_is_a_conflict_unless_that_is_fine(lamb_line, client, hello):
    assert lamb_line("create", "hello", "--file", "hello.py") == 4
    assert "lamb: Function already exist: hello\n" in lamb_line.err
    assert lamb_line("create", "hello", "--file", "hello.py", "--if-not-exists") == 0
    assert lamb_line.out == f"{ARN}hello\n"
    assert client.said == []


def test_a_dry_create_asks_nothing_of_the_daemon_that_changes_it(lamb_line, client, hello):
    assert lamb_line("create", "new", "--file", "hello.py", "--dry-run", "--json", "-E", "K_EY=s3cret") == 0
    shown = json.loads(lamb_line.out)
    assert shown["Handler"] == "hello.handler"
    assert shown["Environment"] == {"Variables": {"K_EY": "***"}}
    assert client.said == []


def test_bad_modes_are_refused_before_anything_is_sent(lamb_line, client, tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        entry = zipfile.ZipInfo("hello.py")
        entry.create_system, entry.external_attr = 3, 0o100600 << 16
        archive.writestr(entry, "def handler(event, context): ...")
    assert lamb_line("create", "new", "--zip", "bad.zip") == 4
    assert "`hello.py` cannot be read by the function's user (mode 0600, expected 0644)" in lamb_line.err
    assert client.said == []
    assert lamb_line("create", "new", "--zip", "bad.zip", "--fix-permissions") == 0


def test_a_function_that_does_not_settle_is_an_expired_wait(lamb_line, client, hello):
    client.is_settled = False
    assert lamb_line("create", "new", "--file", "hello.py") == 124
    assert lamb_line("create", "newer", "--file", "hello.py", "--no-wait") == 0


def test_a_function_that_could_not_be_made_ready_says_why(lamb_line, client):
    client.functions["hello"].update(LastUpdateStatus="Failed", LastUpdateStatusReason="no disk")
    assert lamb_line("configure", "hello", "--memory", "256") == 4
    assert "lamb: hello could not be made ready: no disk\n" in lamb_line.err


def test_update_sends_the_code_and_prints_the_version_it_published(lamb_line, client, hello):
    client.functions["hello:2"] = {}
    assert lamb_line("update", "hello", "--file", "hello.py", "--publish", "--revision-id", "r") == 0
    body = sent(client, "update_code")
    assert (body["Publish"], body["DryRun"], body["RevisionId"]) == (True, False, "r")
    assert lamb_line.out == f"{ARN}hello:2\n"


def test_a_dry_update_says_so_and_does_not_wait(lamb_line, client, hello):
    client.is_settled = False
    assert lamb_line("update", "hello", "--file", "hello.py", "--dry-run", "-v") == 0
    assert sent(client, "update_code")["DryRun"] is True
    assert "could update hello" in lamb_line.err


def test_configure_sends_only_what_changes(lamb_line, client):
    assert lamb_line("configure", "hello", "--memory", "256", "--revision-id", "r") == 0
    assert sent(client, "configure") == {"MemorySize": 256, "RevisionId": "r"}
    assert lamb_line("configure", "hello") == 2


def test_a_stale_revision_is_a_failed_precondition(lamb_line, client):
    client.answer = PreconditionFailed()
    assert lamb_line("invoke", "hello") == 4


def test_values_of_variables_are_shown_only_when_asked_for(lamb_line):
    for command in ("show shop", "show shop --json", "list --json", "list", "env list shop --json"):
        assert lamb_line(*command.split()) == 0
        assert "s3cret" not in lamb_line.out + lamb_line.err
    lamb_line("show", "shop", "--reveal")
    assert "env\tTOKEN=s3cret\n" in lamb_line.out
    lamb_line("show", "shop", "--json", "--reveal")
    assert json.loads(lamb_line.out)["Configuration"]["Environment"]["Variables"]["TOKEN"] == "s3cret"


def test_show_prints_pairs(lamb_line):
    lamb_line("show", "hello:prod")
    shown = dict(line.split("\t") for line in lamb_line.out.splitlines())
    assert (shown["arn"], shown["version"], shown["state"]) == (f"{ARN}hello:prod", "1", "Active")
    assert shown["tag"] == "team=a"


def test_list_has_tabs_for_pipes_names_for_q_and_a_head_for_eyes(lamb_line):
    lamb_line("list")
    assert lamb_line.out.splitlines()[0].split("\t")[:3] == ["hello", "python3.11", "hello.handler"]
    lamb_line("list", "-q")
    assert lamb_line.out == "hello\nshop\n"
    lamb_line.on_terminal("list")
    assert lamb_line.out.startswith("NAME")


def test_an_empty_list_is_nothing_on_stdout(lamb_line, client):
    client.functions.clear()
    assert lamb_line("list") == 0
    assert (lamb_line.out, lamb_line.err) == ("", "")
    lamb_line.on_terminal("list")
    assert "hint: `lamb create hello --file hello.py`" in lamb_line.err


LOSS = "hello, its code and configuration, 2 published versions and the alias prod"


def test_delete_refuses_where_nobody_can_be_asked_and_says_what_would_go(lamb_line, client):
    assert lamb_line("delete", "hello") == 4
    assert lamb_line.err == f"lamb: This would delete {LOSS}\nhint: `--yes` does it without asking\n"
    assert client.said == []


@pytest.mark.parametrize(("answers", "code"), [("y\n", 0), ("n\n", 130), ("\n", 130)])
def test_delete_asks_on_a_terminal(lamb_line, client, answers, code):
    assert lamb_line.on_terminal("delete", "hello", answers=answers) == code
    assert f"Delete {LOSS}? [y/N] " in lamb_line.err
    assert bool(client.said) is (code == 0)


def test_delete_can_be_tried(lamb_line, client):
    assert lamb_line("delete", "hello", "--dry-run") == 0
    assert lamb_line.out == f"{LOSS}\n"
    assert client.said == []


def test_delete_of_one_version_names_the_version(lamb_line, client):
    assert lamb_line("delete", "hello:2", "--yes", "-v") == 0
    assert client.said == [("delete", "hello:2")]
    assert "deleted version 2 of hello" in lamb_line.err


def test_what_is_not_there_can_be_fine(lamb_line, client):
    assert lamb_line("delete", "nothing", "--yes") == 3
    assert lamb_line("delete", "nothing", "--yes", "--ignore-not-found") == 0
    assert client.said == []
