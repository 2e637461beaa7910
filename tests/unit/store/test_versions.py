from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from lamb.model.function import ACTIVE, PENDING, Alias, Configuration, Logging, Version
from lamb.model.names import FunctionKey, Place
from lamb.store import aliases, functions, schema, versions
from lamb.store.versions import Record, Sealed

KEY = FunctionKey("123456789012", "us-east-1", "f")
CONFIGURATION = Configuration(
    runtime="python3.11",
    handler="app.handler",
    role="arn:aws:iam::123456789012:role/r",
    code_sha256="a" * 44,
    code_size=100,
    description="naïve \udcff ☃",
    architectures=("arm64",),
    logging=Logging("JSON", "/aws/lambda/f", "DEBUG", "WARN"),
    vpc={"SubnetIds": ["subnet-1"], "SecurityGroupIds": []},
    file_systems=({"Arn": "a", "LocalMountPath": "/mnt/x"},),
)


def record(function, number=0, *, sealed=None, key=KEY, **members):
    version = Version(key, number, "r1", 1000, ACTIVE, CONFIGURATION._replace(**members))
    return Record(function, version, sealed, "then" if number else None)


@pytest.fixture
def tx(database):
    with database.transaction() as made:
        yield made


@pytest.fixture
def function(tx):
    return functions.add(tx, KEY, {"team": "a"})


def change(tx, wanted: int, values: dict[str, object]) -> None:
    tx.connection.execute(update(schema.versions).where(schema.versions.c.number == wanted).values(values))


def test_a_version_comes_back_as_it_was_stored(tx, function):
    for number, sealed in ((0, None), (1, Sealed("s1", b"\x00\xff"))):
        stored = record(function, number, sealed=sealed)
        versions.add(tx, stored)
        assert versions.find(tx, KEY, number) == stored


@pytest.mark.parametrize(
    "change_of",
    [
        {"configuration": {}},
        {"code_sha256": "b"},
        {"code_size": 1},
        {"last_modified_ms": 2000},
        {"latest_description": None},
        {"variables_id": None},
        {"number": 7},
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_published_version_cannot_be_changed(tx, function, change_of):
    versions.add(tx, record(function, 1, sealed=Sealed("s1", b"x")))
    with pytest.raises(IntegrityError, match="a published version cannot be changed"):
        change(tx, 1, change_of)
    assert versions.find(tx, KEY, 1) == record(function, 1, sealed=Sealed("s1", b"x"))


def test_latest_can_be_changed(tx, function):
    versions.add(tx, record(function))
    changed = record(function, memory_mb=512, sealed=Sealed("s1", b"x"))
    versions.replace_latest(tx, changed, instead_of=None)
    assert versions.find(tx, KEY, 0) == changed


def test_replaced_variables_are_gone(tx, function):
    first, second = Sealed("s1", b"x"), Sealed("s2", b"y")
    versions.add(tx, record(function, sealed=first))
    versions.replace_latest(tx, record(function, sealed=second), instead_of=first)
    rows = tx.connection.execute(schema.variables.select()).all()
    assert [(row.id, row.sealed) for row in rows] == [("s2", b"y")]


def test_a_published_version_gets_states_and_revisions(tx, function):
    versions.add(tx, record(function, 1))
    versions.settle(tx, [(record(function, 1), "r2", PENDING)])
    versions.move(tx, record(function, 1), "r3")
    found = versions.find(tx, KEY, 1).version
    assert (found.revision_id, found.status) == ("r3", PENDING)


def test_many_versions_of_many_places_settle_at_once(tx):
    keys = [KEY._replace(region=region, name=f"f{n}") for n in range(1100) for region in ("a-1", "b-2")]
    for key in keys:
        made = functions.add(tx, key, {})
        stored = record(made, key=key)
        versions.add(tx, stored._replace(version=stored.version._replace(status=PENDING)))
    found = versions.unsettled_of(tx, keys[:-1])
    assert {each.version.key for each in found} == set(keys[:-1])
    versions.settle(tx, [(each, f"r-{each.function.id}", ACTIVE) for each in found])
    assert versions.unsettled_of(tx, keys[:-1]) == []
    assert [each.version.key for each in versions.unsettled(tx)] == keys[-1:]
    settled = versions.find(tx, keys[7], 0)
    assert settled.version.revision_id == f"r-{settled.function.id}"


def test_variables_of_published_versions_can_be_sealed_anew(tx, function):
    versions.add(tx, record(function, 1, sealed=Sealed("s1", b"old")))
    versions.seal_anew(tx, [Sealed("s1", b"new")])
    assert versions.find(tx, KEY, 1).sealed == Sealed("s1", b"new")


def test_a_deleted_function_leaves_nothing_but_its_counter(tx, function):
    assert functions.next_number(tx, KEY) == 1
    versions.add(tx, record(function, sealed=Sealed("s0", b"x")))
    versions.add(tx, record(function, 1, sealed=Sealed("s1", b"x")))
    live = Alias(KEY, "live", "1", "", "r1")
    aliases.add(tx, function.id, live)
    aliases.remember(tx, function.id, live)
    functions.delete(tx, function.id)
    left = {t.name for t in schema.metadata.sorted_tables if tx.connection.execute(t.select()).all()}
    assert left == {"version_counters"}
    assert functions.next_number(tx, KEY) == 2


def test_a_function_made_anew_is_another_one(tx, function):
    functions.delete(tx, function.id)
    assert functions.add(tx, KEY, {}).id > function.id


def test_a_version_that_an_alias_points_at_cannot_go(tx, function):
    for number in (1, 2):
        versions.add(tx, record(function, number))
    aliases.add(tx, function.id, Alias(KEY, "live", "1", "", "r1", {"2": 0.5}))
    for number in (1, 2):
        with pytest.raises(IntegrityError, match="FOREIGN KEY"):
            versions.delete(tx, record(function, number))


def test_an_alias_cannot_point_at_nothing(tx, function):
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        aliases.add(tx, function.id, Alias(KEY, "live", "7", "", "r1"))


def test_accounts_and_regions_do_not_see_each_other(tx, function):
    versions.add(tx, record(function))
    for place in (Place("999999999999", "us-east-1"), Place("123456789012", "eu-west-1")):
        other = FunctionKey(place.account, place.region, "f")
        assert functions.find(tx, other) is None
        assert versions.find(tx, other, 0) is None
        assert versions.page_of_all(tx, place, ("", -1), 10, published=True) == []
        assert functions.usage(tx, place) == functions.Usage(0, 0, 0, 0)
        made = functions.add(tx, other, {})
        versions.add(tx, record(made, key=other))
        functions.delete(tx, made.id)
    assert versions.find(tx, KEY, 0) is not None


def test_what_is_on_its_way_is_found_by_its_index(tx):
    compiled = versions._ALL_UNSETTLED.compile(dialect=tx.connection.dialect)
    plan = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
    assert plan[0].detail == "SCAN versions USING INDEX versions_unsettled"


def test_the_packages_in_use_are_those_that_a_version_names(tx, function):
    versions.add(tx, record(function, code_sha256="one"))
    versions.add(tx, record(function, 1, code_sha256="two"))
    versions.add(tx, record(function, 2, code_sha256="two"))
    assert versions.packages(tx) == {("one", ()), ("two", ())}
