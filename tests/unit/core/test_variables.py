from __future__ import annotations

import json

import pytest
from unit.core.plane import Plane, creation, ref

from lamb.core import functions, invoke, updates
from lamb.core.variables import RESERVED, refuse_unusable
from lamb.model.errors import (
    HomeUnusable,
    InvalidParameterValue,
    KMSAccessDenied,
    KMSNotFound,
    ValidationFailure,
)
from lamb.model.requests import Changes

SECRET = "swordfish-7c1f"
OPENING = (
    "Lambda was unable to configure your environment variables because the environment variables you have "
    "provided "
)


def measured(variables: dict[str, str]) -> int:
    return len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())


def test_variables_that_were_never_given_are_absent_and_empty_ones_are_empty(plane):
    plane.create("never")
    plane.create("empty", variables={})
    assert plane.latest("never").variables is None
    assert plane.latest("empty").variables == {}


def test_variables_are_replaced_as_a_whole(plane):
    plane.create(variables={"ONE": "1", "TWO": "2"})
    plane.configure(variables={"TWO": "3"})
    assert plane.latest().variables == {"TWO": "3"}


def test_any_text_is_a_value(plane):
    values = {
        "EMPTY": "",
        "LINES": "a\nb\t",
        "WIDE": "☃ 日本 \U0001f600",
        "DOLLAR": "$HOME `x` \\",
        "EQ": "a=b",
    }
    plane.create(variables=values)
    assert plane.latest().variables == values


def test_plaintext_is_in_no_file(plane):
    plane.create(variables={"PASSWORD": SECRET}, publish=True)
    plane.configure(variables={"PASSWORD": SECRET + "-2"})
    plane.publish()
    files = [path for path in plane.home.rglob("*") if path.is_file()]
    assert {"lamb.sqlite3", "lamb.sqlite3-wal"} <= {path.name for path in files}
    assert [path for path in files if b"swordfish" in path.read_bytes()] == []
    assert [path for path in files if b"PASSWORD" in path.read_bytes()] == []


def test_exactly_four_kilobytes_are_taken_and_one_byte_more_is_not():
    for filler in ("x", "é", "☃"):
        fits = {"NAME": filler * ((4096 - measured({"NAME": ""})) // len(filler.encode()))}
        fits["NAME"] += "x" * (4096 - measured(fits))
        assert measured(fits) == 4096
        refuse_unusable(fits)
        over = {"NAME": fits["NAME"] + "x"}
        with pytest.raises(InvalidParameterValue) as refused:
            refuse_unusable(over)
        string = json.dumps(over, ensure_ascii=False, separators=(",", ":"))
        assert refused.value.message == f"{OPENING}exceeded the 4KB limit. String measured: {string}"


def test_reserved_names_are_refused_and_listed():
    with pytest.raises(InvalidParameterValue) as refused:
        refuse_unusable({"AWS_REGION": "x", "MINE": "y", "AWS_SESSION_TOKEN": "z"})
    assert refused.value.message == (
        f"{OPENING}contains reserved keys that are currently not supported for modification. "
        "Reserved keys used in this request: AWS_REGION, AWS_SESSION_TOKEN"
    )
    for name in RESERVED:
        with pytest.raises(InvalidParameterValue, match=f"used in this request: {name}$"):
            refuse_unusable({name: "x"})


@pytest.mark.parametrize(
    "name", ["PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ", "AWS_LAMBDA_EXEC_WRAPPER"]
)
def test_names_that_aws_leaves_open_are_taken(name):
    refuse_unusable({name: "x"})


@pytest.mark.parametrize("name", ["", "A", "1A", "_A", "A-B", "A B", "A=B", "É1", "A\n", "A\0"])
def test_names_are_a_letter_and_more_letters_digits_or_underscores(name):
    with pytest.raises(ValidationFailure) as refused:
        refuse_unusable({"GOOD": "x", name: SECRET})
    assert refused.value.message == (
        "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
        "Map keys must satisfy constraint: "
        "[Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
    )


@pytest.mark.parametrize("value", ["a\0b", "half \ud800 a character"])
def test_values_that_no_process_can_be_given_are_refused_without_showing_them(plane, value):
    with pytest.raises(InvalidParameterValue) as refused:
        plane.create(variables={"NAME": value})
    assert value not in refused.value.message


# ------------------------------------------------------------------ keys


def sealed(plane: Plane) -> Plane:
    plane.create(variables={"PASSWORD": SECRET}, publish=True)
    return plane


def lose(plane: Plane) -> None:
    plane.keyring.unlink()


def swap(plane: Plane) -> None:
    """The keyring of another home, with a key of the same version."""
    other = Plane(plane.home / "other")
    other.create(variables={"OTHER": "value"})
    other.close()
    other.keyring.rename(plane.keyring)


def expose(plane: Plane) -> None:
    plane.keyring.chmod(0o644)


def damage(plane: Plane) -> None:
    plane.keyring.write_bytes(b"{}")


TROUBLES = [
    pytest.param(lose, KMSNotFound, "is missing", id="lost"),
    pytest.param(swap, KMSAccessDenied, "another key, or they are damaged", id="another home's"),
    pytest.param(expose, KMSAccessDenied, "can be reached by others", id="exposed"),
    pytest.param(damage, KMSAccessDenied, "is damaged", id="damaged"),
]
each_trouble = pytest.mark.parametrize(("trouble", "kind", "text"), TROUBLES)


def test_a_home_without_variables_has_no_key(plane):
    plane.create(publish=True)
    plane.get()
    assert not plane.keyring.exists()


@each_trouble
def test_reading_a_function_without_its_key_says_why_and_shows_all_else(plane, trouble, kind, text):
    trouble(sealed(plane))
    for qualifier in (None, "1"):
        found = plane.get("f", qualifier).version
        assert found.variables is None
        assert found.configuration.handler == "app.handler"
        assert found.variables_error.startswith(
            "Lambda was unable to decrypt your environment variables because the KMS access was denied."
        )
        assert text in found.variables_error
        assert kind.code in found.variables_error
        assert found.variables_error.count("Lambda was unable") == 1


@each_trouble
def test_an_environment_without_its_key_does_not_start(plane, trouble, kind, text):
    trouble(sealed(plane))
    target = invoke.resolve(plane.core, ref()).primary
    with pytest.raises(kind, match=text):
        target.open_variables()


@each_trouble
def test_nothing_is_sealed_with_another_key_while_something_is_sealed(plane, trouble, kind, text):
    trouble(sealed(plane))
    before = plane.keyring.read_bytes() if plane.keyring.exists() else None
    for attempt in (
        lambda: plane.create("g", variables={"NAME": "value"}),
        lambda: updates.configure(plane.core, ref(), Changes(variables={"NAME": "value"})),
    ):
        with pytest.raises((kind, HomeUnusable), match=text):
            attempt()
    assert (plane.keyring.read_bytes() if plane.keyring.exists() else None) == before


@each_trouble
def test_functions_without_variables_go_on_without_a_key(plane, trouble, kind, text):
    trouble(sealed(plane))
    plane.create("g")
    plane.configure("g", memory_mb=512)
    assert plane.publish("g").label == "1"
    plane.configure(memory_mb=512)  # f's variables stay as they are
    assert dict(invoke.resolve(plane.core, ref("g")).primary.open_variables()) == {}


def test_once_nothing_is_sealed_any_more_a_lost_key_may_be_replaced(plane):
    lose(sealed(plane))
    functions.delete(plane.core, ref())
    plane.create(variables={"NAME": "value"})
    assert plane.latest().variables == {"NAME": "value"}


def test_a_restored_key_works_at_once(plane):
    sealed(plane)
    kept = plane.keyring.read_bytes()
    lose(plane)
    assert plane.latest().variables_error
    plane.keyring.write_bytes(kept)
    plane.keyring.chmod(0o600)
    assert plane.latest().variables == {"PASSWORD": SECRET}


def test_one_damaged_secret_is_refused_and_can_be_replaced(plane):
    sealed(plane)
    with plane.core.database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE variables SET sealed = zeroblob(60) "
            "WHERE id = (SELECT variables_id FROM versions WHERE number = 0)"
        )
    assert "are damaged" in plane.latest().variables_error
    plane.configure(variables={"PASSWORD": "new"})
    assert plane.latest().variables == {"PASSWORD": "new"}
    assert plane.get("f", "1").version.variables == {"PASSWORD": SECRET}


def test_one_version_s_variables_cannot_be_slipped_to_another(plane):
    """Bound to function and version: whoever can write the database still cannot mix them."""
    sealed(plane)
    plane.create("g", variables={"NAME": "other"})
    with plane.core.database.transaction() as tx:
        rows = tx.connection.exec_driver_sql("SELECT id, sealed FROM variables ORDER BY function_id").all()
        for (name, _), (_, bytes_of_another) in zip(rows, rows[1:] + rows[:1], strict=True):
            tx.connection.exec_driver_sql(
                "UPDATE variables SET sealed = ? WHERE id = ?", (bytes_of_another, name)
            )
    for name, qualifier in (("f", None), ("f", "1"), ("g", None)):
        assert plane.get(name, qualifier).version.variables is None


def test_a_refused_creation_names_no_secret(plane):
    plane.create(variables={"PASSWORD": SECRET})
    lose(plane)
    with pytest.raises(KMSNotFound) as refused:
        functions.create(plane.core, ref().key, creation("g", variables={"PASSWORD": SECRET}))
    assert SECRET not in repr(refused.value)
