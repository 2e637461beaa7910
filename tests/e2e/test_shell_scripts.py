"""lamb in shell scripts: data on stdout, words on stderr, verdicts in exit codes."""

from __future__ import annotations

import json
import signal
import stat
import zipfile

import harness
import pytest
from e2e import terminal

HELLO = """
import json, os, sys, time

def handler(event, context):
    print("hello", event.get("name"), flush=True)
    if "sleep" in event:
        time.sleep(event["sleep"])
        print("slept", flush=True)
    if "large" in event:
        return "x" * event["large"]
    if "fail" in event:
        raise ValueError(event["fail"])
    return {"message": f"Hello, {event.get('name', 'nobody')}", "stage": os.environ.get("STAGE"), "v": 1}
"""


@pytest.fixture
def home(lamb):
    """A fresh home beside `hello.py`, the same as a directory and as a zip."""
    for name in ("hello.py", "src/hello.py", "src/shop/__init__.py"):
        lamb.write(name, HELLO if name.endswith("hello.py") else "")
    with zipfile.ZipFile(lamb.write("hello.zip", b""), "w") as package:
        package.write(lamb.work / "hello.py", "hello.py")
    return lamb


@pytest.fixture(scope="module")
def hello(lamb_of_module):
    """A home with the function `hello`."""
    lamb_of_module.write("hello.py", HELLO)
    lamb_of_module.run("create", "hello", "--file", "hello.py", "--timeout", "30")
    return lamb_of_module


# ------------------------------------------------------------------------------------- functions


@pytest.mark.each_user
def test_a_release_script(home):
    done = terminal.run(
        home,
        """
        for name in file dir zip; do
            case $name in file) code=hello.py ;; dir) code=src ;; zip) code=hello.zip ;; esac
            lamb create "by-$name" "--$name" "$code" --handler hello.handler --memory 256 -E STAGE=dev
        done
        lamb list -q | while read -r name; do lamb invoke "$name" -e '{"name": "'"$name"'"}'; done

        first=$(lamb publish by-file --description 'the first')
        lamb alias create by-file prod --version "$first"
        sed -i 's/"v": 1/"v": 2/' hello.py
        lamb update by-file --file hello.py
        second=$(lamb publish by-file)
        lamb alias update by-file prod --version "$second"
        echo "$first $second"
        lamb versions by-file -q | paste -sd ' '
        echo '{"name": "you"}' | lamb invoke by-file:prod
        lamb rollback by-file prod
        lamb invoke by-file:prod < /dev/null
        lamb configure by-file --timeout 9
        lamb env set by-file STAGE=prod
        lamb show by-file --json | field Configuration.Timeout
        lamb invoke by-file
        lamb invoke by-file:1
        lamb alias list by-file
        lamb alias delete by-file prod --yes
        lamb delete by-file:1 --yes
        lamb list -q | xargs -n1 lamb delete --yes
        lamb list
        """,
    )
    arn = "arn:aws:lambda:us-east-1:123456789012:function:by"
    assert done.stdout.splitlines() == [
        f"{arn}-file",
        f"{arn}-dir",
        f"{arn}-zip",
        *(f'{{"message": "Hello, by-{name}", "stage": "dev", "v": 1}}' for name in ("dir", "file", "zip")),
        f"{arn}-file:prod",
        f"{arn}-file",
        f"{arn}-file:prod",
        "1 2",
        "$LATEST 1 2",
        '{"message": "Hello, you", "stage": "dev", "v": 2}',
        "1",
        '{"message": "Hello, nobody", "stage": "dev", "v": 1}',
        f"{arn}-file",
        "9",
        '{"message": "Hello, nobody", "stage": "prod", "v": 2}',
        '{"message": "Hello, nobody", "stage": "dev", "v": 1}',
        "prod\t1\t",
    ]
    assert set(done.stderr.splitlines()) <= {"", f"runtime {home.runtime} (found on this host)"}


def test_a_script_may_run_again(home):
    script = """
        lamb create hello --file hello.py --handler hello.handler --if-not-exists
        lamb publish hello
        lamb delete nothing --yes --ignore-not-found
        """
    assert terminal.run(home, script).stdout == terminal.run(home, script).stdout


def test_dry_runs_change_nothing(home):
    done = terminal.run(
        home,
        """
        lamb create hello --file hello.py --dry-run
        code lamb show hello
        lamb create hello --file hello.py >&2
        before=$(lamb show hello --json | field Configuration.RevisionId)
        lamb update hello --dir src --dry-run >&2
        lamb delete hello --dry-run >&2
        lamb invoke hello --dry-run
        test "$before" = "$(lamb show hello --json | field Configuration.RevisionId)"
        """,
    )
    assert done.stdout == "3\n"


def test_every_exit_code_that_a_script_can_rely_on(home):
    done = terminal.run(
        home,
        """
        lamb create hello --file hello.py --timeout 1 >/dev/null
        echo 'import nothing_such' > broken.py
        lamb create broken --file broken.py --handler broken.handler >/dev/null
        code lamb invoke hello
        code lamb invoke hello -e '{'
        code lamb invoke hello --no-such-flag
        code lamb create hello --file hello.py --memory 1
        code lamb invoke nobody
        code lamb invoke hello:7
        code lamb create hello --file hello.py
        code lamb publish hello --code-sha256 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
        code lamb publish hello --revision-id 7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1
        code lamb delete hello
        code lamb invoke hello -e '{"fail": "x"}'
        code lamb invoke hello -e '{"sleep": 5}'
        code lamb invoke broken
        """,
    )
    assert list(map(int, done.stdout.split())) == [0, 2, 2, 2, 3, 3, 4, 4, 4, 4, 10, 11, 13]


def test_a_throttled_invocation_is_14(new_lamb):
    lamb = new_lamb(LAMB_MAX_ENVIRONMENTS="1")
    lamb.write("hello.py", HELLO)
    lamb.run("create", "hello", "--file", "hello.py", "--timeout", "30")
    done = terminal.run(
        lamb,
        """
        lamb invoke hello -e '{"sleep": 3}' --log >/dev/null 2>log &
        until grep -qs '^hello' log; do sleep 0.05; done
        code lamb invoke hello
        wait
        """,
    )
    assert done.stdout == "14\n"


def test_errors_are_one_line_and_a_hint(hello):
    done = terminal.run(hello, "lamb invoke helo", code=3)
    assert done.stdout == ""
    first, hint = done.stderr.splitlines()
    arn = "arn:aws:lambda:us-east-1:123456789012:function:helo"
    assert first == f"lamb: Function not found: {arn}:$LATEST"
    assert hint == "hint: did you mean `hello`?"


# ------------------------------------------------------------------------------------- invoke as a filter


@pytest.mark.parametrize(
    "given",
    [
        'echo \'{"name": "you"}\' | lamb invoke hello',
        "lamb invoke hello < event.json",
        'lamb invoke hello -e \'{"name": "you"}\'',
        "lamb invoke hello -e @event.json",
        "cat event.json | lamb invoke hello -e -",
        'lamb invoke hello <<< \'{"name": "you"}\'',
        "lamb invoke hello < <(cat event.json)",
        "lamb invoke 'hello:$LATEST' < event.json",
        "lamb invoke arn:aws:lambda:us-east-1:123456789012:function:hello < event.json",
    ],
)
def test_an_event_comes_from_anywhere(hello, given):
    hello.write("event.json", '{"name": "you"}')
    done = terminal.run(hello, given)
    assert (json.loads(done.stdout)["message"], done.stderr) == ("Hello, you", "")


def test_a_function_is_one_stage_of_a_pipe(hello):
    hello.write("names", "ada\nalan\n")
    done = terminal.run(
        hello,
        """
        while read -r name; do printf '{"name": "%s"}' "$name" | lamb invoke hello; done < names |
            cut -d '"' -f 4 | sort -r | tee /dev/stderr | wc -l
        """,
    )
    assert (done.stdout, done.stderr) == ("2\n", "Hello, alan\nHello, ada\n")


def test_a_reader_that_has_seen_enough_is_no_failure(hello):
    done = terminal.run(
        hello,
        """
        lamb invoke hello -e '{"large": 5000000}' | head -c 5
        echo " ${PIPESTATUS[0]}"
        lamb invoke hello -e '{"name": "a"}' >/dev/null
        lamb logs hello | head -n 1 >/dev/null
        echo "${PIPESTATUS[0]}"
        lamb list --json | head -c 1
        echo " ${PIPESTATUS[0]}"
        """,
    )
    assert (done.stdout, done.stderr) == ('"xxxx 0\n0\n{ 0\n', "")


def test_six_megabytes_pass_through_a_pipe_unharmed(hello):
    done = terminal.run(hello, """lamb invoke hello -e '{"large": 6000000}' | tr -d '"\\n' | wc -c""")
    assert done.stdout.strip() == "6000000"


# ------------------------------------------------------------------------------------- terminals


def test_ctrl_c_cancels_the_invocation_and_gives_the_prompt_back(hello):
    with terminal.Terminal(hello) as shell:
        shell.type("lamb invoke hello --log -e '{\"sleep\": 25}'\n")
        shell.until("hello None")
        shell.type("\x03")
        shell.until("ready> ")
        assert shell.run("echo $?") == "130\n"
        while "busy\t0" not in shell.run("lamb daemon status | cat"):
            pass
        assert "Status: error\tError Type: Runtime.ExitError" in shell.run("lamb logs hello | tail -n 1")


def test_colours_are_for_terminals_that_want_them(hello):
    with terminal.Terminal(hello) as shell:
        assert "\x1b[" in shell.run("lamb invoke hello")
        assert "\x1b[" not in shell.run("NO_COLOR=1 lamb invoke hello")
        assert "\x1b[" not in shell.run("TERM=dumb lamb invoke hello")
        assert "\x1b[" not in shell.run("lamb invoke hello --color never")
        assert "\x1b[" not in shell.run("lamb list | cat")
        assert "\x1b[" in shell.run("lamb invoke hello --color always 2>&1 >/dev/null -v | cat")


def test_a_delete_asks_only_where_someone_can_answer(home):
    with terminal.Terminal(home) as shell:
        shell.run("lamb create hello --file hello.py")
        shell.type("lamb delete hello\n")
        shell.until("? [y/N] ")
        shell.type("n\n")
        shell.until("ready> ")
        assert shell.run("lamb list -q") == "hello\n"
        shell.type("lamb delete hello\n")
        shell.until("? [y/N] ")
        shell.type("y\n")
        shell.until("ready> ")
        assert shell.run("lamb list -q") == ""


# ------------------------------------------------------------------------------------- logs


def test_two_terminals_follow_a_function_that_still_runs(hello):
    followers = [terminal.start(hello, f"exec lamb logs hello -f {flags}") for flags in ("", "--json")]
    process = hello.start("invoke", "hello", "-e", '{"name": "followed", "sleep": 25}')
    for follower in followers:
        assert any("hello followed" in line for line in iter(follower.stdout.readline, ""))
    assert process.poll() is None, "the line came only when all was over"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    for follower in followers:
        follower.send_signal(signal.SIGINT)
        assert follower.communicate(timeout=20)[1] == ""
        assert follower.returncode == 130


def test_logs_are_found_by_time_by_request_and_by_text(hello):
    done = terminal.run(
        hello,
        """
        id=$(lamb invoke hello -e '{"name": "found"}' --json | field RequestId)
        lamb invoke hello -e '{"name": "other"}' >/dev/null
        lamb logs hello --request-id "$id" | cut -c 1-5
        lamb logs hello --request-id "$id" --json | head -1 | field requestId | sed "s/$id/the same/"
        lamb logs hello --since 10m --grep 'hello fou'
        lamb logs hello --since 2099-01-01T00:00:00Z
        code lamb logs hello --since yesterday
        code lamb logs nobody
        """,
    )
    assert done.stdout.splitlines() == [
        "START",
        "hello",
        "END R",
        "REPOR",
        "the same",
        "hello found",
        "2",
        "3",
    ]
    assert done.stderr == ""


def test_log_lines_of_an_invocation_are_on_stderr_on_request(hello):
    done = terminal.run(hello, """lamb invoke hello --log -e '{"fail": "oh"}' || echo "code $?" """)
    payload, code = done.stdout.splitlines()
    assert (json.loads(payload)["errorMessage"], code) == ("oh", "code 10")
    lines = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert lines[:3] == ["START RequestId", "hello None", "[ERROR] ValueError"]
    assert lines[-2:] == ["END RequestId", "REPORT RequestId"]


# ------------------------------------------------------------------------------------- variables and keys


def test_variables_come_from_the_line_from_the_shell_and_from_files(home):
    home.write(".env", "# comment\nexport STAGE='from file'\nMULTI=\"a\nb\"\nlower_case=1\n")
    done = terminal.run(
        home,
        """
        export PASSED='on from here'
        lamb create hello --file hello.py -E STAGE=line -E PASSED --env-file .env >/dev/null
        lamb env list hello
        lamb env list hello --reveal --json | field Variables
        lamb key rotate >/dev/null
        lamb env unset hello MULTI lower_case PASSED
        lamb env set hello STAGE=set
        lamb invoke hello | field stage
        code lamb env unset hello NOTHING
        code lamb env set hello AWS_REGION=x
        code lamb env set hello NOT_SET_ANYWHERE
        """,
    )
    *names, values, stage, no_such, reserved, not_set = done.stdout.splitlines()
    assert names == ["MULTI", "PASSED", "STAGE", "lower_case"]
    assert json.loads(values) == {
        "MULTI": "a\nb",
        "PASSED": "on from here",
        "STAGE": "line",
        "lower_case": "1",
    }
    assert (stage, no_such, reserved, not_set) == ("set", "4", "2", "2")
    assert done.stderr.splitlines()[1:] == [f"runtime {home.runtime} (found on this host)"]


# ------------------------------------------------------------------------------------- packages


def test_a_package_is_built_checked_repaired_and_created(home):
    with zipfile.ZipFile(home.write("private.zip", b""), "w") as package:
        entry = zipfile.ZipInfo("hello.py")
        entry.external_attr = (stat.S_IFREG | 0o600) << 16
        package.writestr(entry, HELLO)
    done = terminal.run(
        home,
        """
        lamb package build src -o one.zip
        touch -d 2001-01-01 src/hello.py && chmod 600 src/hello.py
        lamb package build src -o two.zip
        cmp one.zip two.zip
        code lamb package check one.zip
        code lamb package check private.zip
        lamb package check private.zip 2>/dev/null | cut -f 1,3-4 | grep error || true
        code lamb create refused --zip private.zip
        lamb package check private.zip --fix -o fixed.zip 2>/dev/null | tail -1
        lamb create fixed --zip fixed.zip >/dev/null
        lamb create repaired --zip private.zip --fix-permissions >/dev/null
        lamb invoke fixed -e '{"name": "zip"}' | field message
        code lamb invoke repaired
        """,
    )
    assert done.stdout.splitlines() == [
        "one.zip", "two.zip", "0", "4", "error\thello.py\t0600", "4", "fixed.zip", "Hello, zip", "0",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------- the README


def test_the_quick_start_of_the_readme_word_for_word(lamb):
    hello = "def handler(event, context):\n    return {'message': f\"Hello, {event['name']}\"}\n"
    lamb.write("hello.py", hello)
    lamb.write("event.json", '{"name": "README"}')
    readme = (harness.CHECKOUT / "README.md").read_text()
    shown = [line for line in readme.split("```")[1].splitlines() if line]
    for command, after in zip(shown, [*shown[1:], ""], strict=True):
        if command.startswith("$ "):
            done = terminal.run(lamb, command.removeprefix("$ "))
            assert not after.startswith("{") or done.stdout == after + "\n"
    terminal.run(lamb, "lamb delete hello --yes")

    for command in readme.partition("## The main job")[2].split("```")[1].splitlines():
        if command.startswith("lamb update"):
            lamb.write("hello.py", hello.replace("Hello", "Welcome"))
        if command.endswith(" -f"):
            follower = terminal.start(lamb, f"exec {command}")
            assert follower.stdout.readline().startswith("INIT_START")
            follower.send_signal(signal.SIGINT)
            follower.communicate(timeout=20)
        else:
            terminal.run(lamb, command)
    assert lamb.json("invoke", "hello:prod", "-e", '{"name": "you"}')["Payload"] == {"message": "Hello, you"}
