from __future__ import annotations

import random

import pytest
from unit.core.plane import ARN, PLACE, package, ref

from lamb.core import functions, invoke, keys, tags, updates
from lamb.model.errors import ResourceConflict, ResourceNotFound
from lamb.model.names import LATEST
from lamb.model.requests import Changes, CodeUpdate


def route(plane, qualifier: str | None = None) -> invoke.Route:
    return invoke.resolve(plane.core, ref("f", qualifier))


def generation(plane, qualifier: str | None = None) -> str:
    return route(plane, qualifier).primary.generation


def test_a_target_has_all_that_an_environment_needs(plane):
    plane.create(variables={"NAME": "value"}, memory_mb=512)
    target = route(plane).primary
    assert (target.key, target.version) == (ref().key, LATEST)
    assert target.configuration == plane.latest().configuration
    assert (target.code / "app.py").read_text() == "x = 1\n"
    assert target.open_variables() == {"NAME": "value"}


def test_what_a_target_holds_on_to_is_sealed(plane):
    plane.create(variables={"NAME": "swordfish"})
    opener = route(plane).primary.open_variables
    held = [cell.cell_contents for cell in opener.__closure__]
    assert "swordfish" not in repr(held)


def test_no_variables_are_no_trouble(plane):
    plane.create()
    assert route(plane).primary.open_variables() == {}


@pytest.mark.parametrize("qualifier", [None, "$LATEST", "1", "live"])
def test_a_missing_function_is_named_with_the_effective_qualifier(plane, qualifier):
    with pytest.raises(ResourceNotFound) as refused:
        route(plane, qualifier)
    assert refused.value.message == f"Function not found: {ARN}:{qualifier or LATEST}"


@pytest.mark.parametrize("qualifier", ["7", "007", "none", "$LATEST.PUBLISHED", "9" * 99, "a$b", "\ud800"])
def test_an_unknown_version_or_alias_is_named(plane, qualifier):
    plane.create(publish=True)
    with pytest.raises(ResourceNotFound) as refused:
        route(plane, qualifier)
    assert refused.value.message == f"Function not found: {ARN}:{qualifier}"


def test_versions_and_aliases_lead_to_their_code(plane):
    plane.create(publish=True, code="x = 1\n")
    plane.update("x = 2\n")
    plane.alias("live", "1")
    plane.alias("dev", LATEST)
    code = {q: (route(plane, q).primary.code / "app.py").read_text() for q in (None, "1", "live", "dev")}
    assert code == {None: "x = 2\n", "1": "x = 1\n", "live": "x = 1\n", "dev": "x = 2\n"}
    assert route(plane, "live").primary.version == "1"


def test_a_pending_function_cannot_be_invoked(plane):
    plane.create(settled=False, publish=True)
    plane.alias("live", "1")
    for qualifier in (None, "1", "live"):
        with pytest.raises(ResourceConflict) as refused:
            route(plane, qualifier)
        assert refused.value.message == (
            "The operation cannot be performed at this time. "
            "The function is currently in the following state: Pending"
        )


def test_a_function_that_is_being_updated_can_be_invoked(plane):
    plane.create()
    updates.update_code(plane.core, ref(), CodeUpdate(package("y = 2\n")))
    assert route(plane).primary.version == LATEST


# ------------------------------------------------------------------ weights


def weighted(plane, weight: float) -> invoke.Route:
    plane.create(publish=True)
    plane.publish_new("x = 2\n")
    plane.alias("live", "1", additional={"2": weight})
    return route(plane, "live")


def test_a_draw_goes_to_the_second_version_with_its_weight(plane):
    found = weighted(plane, 0.2)
    draw = random.Random(7).random
    drawn = [found.pick(draw()).version for _ in range(20_000)]
    assert 0.19 < drawn.count("2") / len(drawn) < 0.21


def test_the_same_seed_draws_the_same_versions(plane):
    found = weighted(plane, 0.5)

    def draws() -> list[str]:
        draw = random.Random(7).random
        return [found.pick(draw()).version for _ in range(100)]

    assert draws() == draws()


@pytest.mark.parametrize(("weight", "version"), [(0.0, "1"), (1.0, "2")])
def test_nothing_and_everything_are_exact(plane, weight, version):
    found = weighted(plane, weight)
    assert {found.pick(draw).version for draw in (0.0, 0.5, 1.0 - 2**-53)} == {version}


# ------------------------------------------------------------------ generations


@pytest.mark.parametrize(
    "members",
    [
        {"memory_mb": 256},
        {"timeout_s": 9},
        {"variables": {"NAME": "b"}},
        {"variables": {}},
        {"network": "none"},
    ],
    ids=lambda members: next(iter(members)),
)
def test_a_changed_configuration_is_a_new_generation(plane, members):
    plane.create(variables={"NAME": "a"})
    before = generation(plane)
    plane.configure(**members)
    assert generation(plane) != before


def test_new_code_is_a_new_generation(plane):
    plane.create()
    before = generation(plane)
    plane.update("y = 2\n")
    assert generation(plane) != before


def test_what_does_not_change_what_runs_is_no_new_generation(plane):
    plane.create(publish=True, variables={"NAME": "a"})
    before = generation(plane), generation(plane, "1")
    tags.tag(plane.core, PLACE, ref().key.arn, {"team": "a"})
    plane.alias("live", "1")
    plane.update("x = 1\n")
    updates.configure(plane.core, ref(), Changes(memory_mb=128, variables={"NAME": "a"}))
    plane.settle()
    plane.publish()
    keys.rotate(plane.core)
    assert (generation(plane), generation(plane, "1")) == before


def test_a_version_that_is_published_does_not_change_with_latest(plane):
    plane.create(publish=True)
    before = generation(plane, "1")
    plane.update("y = 2\n")
    assert generation(plane, "1") == before


def test_a_function_made_anew_is_a_new_generation(plane):
    plane.create()
    before = generation(plane)
    functions.delete(plane.core, ref())
    plane.create()
    assert generation(plane) != before
