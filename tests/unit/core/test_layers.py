from __future__ import annotations

import json

import pytest
from unit.core.plane import FIRST, PLACE, key, package, ref

from lamb.core import functions, layer_policies, layers, packages, updates
from lamb.model.errors import (
    AccessDenied,
    InvalidParameterValue,
    PolicyLengthExceeded,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from lamb.model.layer import LayerFilter, LayerKey, LayerPublication, parse_layer
from lamb.model.names import Place
from lamb.model.permission import Permission, ResourcePolicy
from lamb.model.requests import CodeUpdate, Page
from lamb.store.layers import page_of_versions, set_policy

LAYER = LayerKey(PLACE.account, PLACE.region, "l")
ALL = LayerFilter()
ELSEWHERE = Place("111122223333", PLACE.region)


def publish(plane, name="l", text="x = 1\n", place=PLACE, **members):
    wanted = LayerPublication(package(text), **members)
    return layers.publish(plane.core, place, parse_layer(name, place), wanted)


def listed(plane, name="l", page=FIRST, wanted=ALL):
    found, marker = layers.list_versions(plane.core, PLACE, parse_layer(name, PLACE), page, wanted)
    return [version.number for version in found], marker


def refused(kind, call, *args, **kwargs):
    with pytest.raises(kind) as raised:
        call(*args, **kwargs)
    return raised.value.message


# ------------------------------------------------------------------ versions


def test_a_version_is_what_was_published(plane):
    made = publish(plane, description="d", license_info="MIT", runtimes=("python3.12",), architectures=())
    assert made == layers.get(plane.core, PLACE, LAYER, 1)
    assert (made.arn, made.created_ms) == (f"{LAYER.arn}:1", plane.clock.ms)
    assert (made.code_size, made.unzipped_size) == (len(package("x = 1\n")), 6)
    assert (made.description, made.license_info) == ("d", "MIT")
    assert (made.runtimes, made.architectures) == (("python3.12",), ())
    assert publish(plane).runtimes is None


def test_numbers_are_never_given_twice(plane):
    assert [publish(plane).number for _ in range(2)] == [1, 2]
    for number in (2, 1, 1, 7):
        layers.delete(plane.core, PLACE, LAYER, number)
    assert listed(plane) == ([], None)
    assert publish(plane).number == 3
    assert publish(plane, "other").number == 1


def test_versions_are_listed_newest_first_and_in_pages(plane):
    for _ in range(5):
        publish(plane)
    assert listed(plane) == ([5, 4, 3, 2, 1], None)
    first, marker = listed(plane, page=Page(None, 2))
    assert first == [5, 4]
    assert listed(plane, page=Page(marker, 2))[0] == [3, 2]
    assert listed(plane, "nobody") == ([], None)


def test_layers_are_listed_by_name_with_the_newest_version_that_matches(plane):
    publish(plane, "b", runtimes=("python3.12", "python3.13"), architectures=("arm64",))
    publish(plane, "b", runtimes=("python3.13",), architectures=("x86_64",))
    publish(plane, "a")

    def names(page=FIRST, **wanted):
        found, marker = layers.list_layers(plane.core, PLACE, page, LayerFilter(**wanted))
        return [(version.key.name, version.number) for version in found], marker

    assert names() == ([("a", 1), ("b", 2)], None)
    assert names(runtime="python3.12") == ([("b", 1)], None)
    assert names(runtime="python3.1") == ([], None)
    assert names(runtime="python3.13", architecture="arm64") == ([("b", 1)], None)
    first, marker = names(Page(None, 1))
    assert (first, names(Page(marker, 1))[0]) == ([("a", 1)], [("b", 2)])
    assert listed(plane, "b", wanted=LayerFilter("python3.12")) == ([1], None)


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_below_one_is_refused(plane, number):
    publish(plane)
    said = "Layer Version Cannot be less than 1"
    assert refused(InvalidParameterValue, layers.get, plane.core, PLACE, LAYER, number) == said
    assert refused(InvalidParameterValue, layers.delete, plane.core, PLACE, LAYER, number) == said


@pytest.mark.parametrize("number", [2, 1 << 40])
def test_a_version_that_is_not_there_does_not_exist(plane, number):
    publish(plane)
    said = refused(ResourceNotFound, layers.get, plane.core, PLACE, LAYER, number)
    assert said == "The resource you requested does not exist."
    layers.delete(plane.core, PLACE, LAYER, number)


def test_a_layer_needs_content(plane):
    wanted = LayerPublication(None)
    said = refused(InvalidParameterValue, layers.publish, plane.core, PLACE, LAYER, wanted)
    assert said.startswith("Please provide a source")
    assert publish(plane).number == 1


def test_layers_count_in_the_code_of_the_account(plane):
    def used():
        return functions.account_settings(plane.core, PLACE)["AccountUsage"]["TotalCodeSize"]

    publish(plane)
    publish(plane)
    assert used() == 2 * len(package("x = 1\n"))
    layers.delete(plane.core, PLACE, LAYER, 1)
    assert used() == len(package("x = 1\n"))


# ------------------------------------------------------------------ functions


def test_a_function_keeps_its_layers_in_order_also_when_they_are_deleted(plane):
    arns = tuple(publish(plane, name).arn for name in ("b", "a"))
    plane.create(layers=arns)
    for name in ("a", "b"):
        layers.delete(plane.core, PLACE, parse_layer(name, PLACE), 1)
    kept = plane.latest().configuration.layers
    assert tuple(layer.arn for layer in kept) == arns
    assert {layer.code_size for layer in kept} == {len(package("x = 1\n"))}
    plane.configure(timeout_s=9)
    assert plane.latest().configuration.layers == kept
    assert plane.publish().configuration.layers == kept
    plane.configure(layers=())
    assert plane.latest().configuration.layers == ()
    assert plane.publish().number == 2


def test_layers_are_a_change_that_can_be_published(plane):
    plane.create(publish=True)
    plane.configure(layers=(publish(plane).arn,))
    assert plane.publish().number == 2
    plane.configure(layers=(publish(plane).arn,))
    assert plane.publish().number == 3
    assert plane.publish().number == 3


def test_what_functions_and_layers_use_stays_on_the_shelf(plane):
    attached, other, free = (publish(plane, name, f"n = {name!r}\n") for name in ("a", "b", "c"))
    plane.create(layers=(attached.arn, other.arn), publish=True)
    plane.configure(layers=())
    for name in ("a", "b"):
        layers.delete(plane.core, PLACE, parse_layer(name, PLACE), 1)
    combined = plane.core.shelf.combine([attached.code_sha256, other.code_sha256])
    reopened = plane.reopened()
    assert packages.discard_unused(reopened.core) == 0
    for version in (attached, other, free):
        assert reopened.core.shelf.open(version.code_sha256)
    assert combined.is_dir()
    functions.delete(reopened.core, ref())
    # The two layers, what they were together, and the code.
    assert packages.discard_unused(reopened.core) == 4
    assert not combined.exists()
    assert reopened.core.shelf.open(free.code_sha256)
    reopened.close()


@pytest.mark.parametrize("named", ["arn:aws:lambda:us-east-1:123456789012:layer:no:1", "{l}:9"])
def test_a_layer_that_is_not_there_cannot_be_attached(plane, named):
    publish(plane)
    plane.create()
    arn = named.format(l=LAYER.arn)
    said = refused(InvalidParameterValue, plane.configure, layers=(arn,))
    assert said == f"Layer version {arn} does not exist."
    assert plane.latest().configuration.layers == ()


def test_a_deleted_version_cannot_be_attached(plane):
    arn = publish(plane).arn
    layers.delete(plane.core, PLACE, LAYER, 1)
    assert (
        refused(InvalidParameterValue, plane.create, layers=(arn,)) == f"Layer version {arn} does not exist."
    )


def test_layers_are_of_the_functions_region(plane):
    arn = publish(plane, place=Place(PLACE.account, "eu-west-1")).arn
    assert refused(InvalidParameterValue, plane.create, layers=(arn,)) == (
        "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."
    )


def test_a_function_has_five_layers_at_most(plane):
    arns = [publish(plane, f"l{number}").arn for number in range(6)]
    assert refused(InvalidParameterValue, plane.create, layers=tuple(arns)) == (
        "Cannot reference more than 5 layers."
    )
    plane.create(layers=tuple(arns[:5]))
    assert len(plane.latest().configuration.layers) == 5


@pytest.mark.parametrize("second", [1, 2])
def test_two_versions_of_one_layer_are_refused(plane, second):
    for _ in range(3):
        publish(plane)
    arns = (f"{LAYER.arn}:1", f"{LAYER.arn}:{second}", f"{LAYER.arn}:3")
    assert refused(InvalidParameterValue, plane.create, layers=arns) == (
        "Two different versions of the same layer are not allowed to be referenced in the same function. "
        f"{arns[0]} and {arns[1]} are versions of the same layer."
    )


def test_code_and_layers_are_limited_together(plane, monkeypatch):
    monkeypatch.setattr(layers, "UNZIPPED_MAX_BYTES", 20)
    arn = publish(plane, text="x = 1  # 14 b\n").arn
    said = "Function code combined with layers exceeds the maximum allowed size of 20 bytes. "
    said += "The actual size is {} bytes."
    assert refused(InvalidParameterValue, plane.create, code="y = 2\n", layers=(arn,)) == said.format(20)
    plane.create(code="y = 2\n")
    assert refused(InvalidParameterValue, plane.configure, layers=(arn,)) == said.format(20)
    plane.update("y=2\n")
    plane.configure(layers=(arn,))
    update = CodeUpdate(package("y = 22\n"))
    assert refused(InvalidParameterValue, updates.update_code, plane.core, ref(), update) == said.format(21)
    update = CodeUpdate(package("y = 22\n"), dry_run=True)
    assert refused(InvalidParameterValue, updates.update_code, plane.core, ref(), update) == said.format(21)


def test_layers_that_do_not_fit_over_each_other_are_refused(plane):
    from unit.packages.zip_forge import file, forge  # noqa: PLC0415

    arns = []
    for name, path in (("a", "python/lib"), ("b", "python/lib/x.py")):
        wanted = LayerPublication(forge(file(path)))
        arns.append(layers.publish(plane.core, PLACE, parse_layer(name, PLACE), wanted).arn)
    plane.create()
    said = refused(InvalidParameterValue, plane.configure, layers=tuple(arns))
    assert said.startswith("Layer conversion failed: Lambda layer conversion failed. For advice on resolving")
    assert "`lib` is a directory in one of the layers" in said
    assert plane.latest().configuration.layers == ()


# ------------------------------------------------------------------ other accounts


def test_a_layer_of_another_account_needs_its_permission(plane):
    made = publish(plane, place=ELSEWHERE)
    said = refused(AccessDenied, plane.create, layers=(made.arn,))
    assert said == (
        f"User: arn:aws:iam::{PLACE.account}:root is not authorized to perform: lambda:GetLayerVersion on "
        f"resource: {made.arn} because no resource-based policy allows the lambda:GetLayerVersion action"
    )
    refused(AccessDenied, layers.get, plane.core, PLACE, made.key, 1)
    refused(AccessDenied, layers.get, plane.core, PLACE, made.key, 2)
    layer_policies.add(
        plane.core, made.key, 1, Permission("s", "lambda:GetLayerVersion", PLACE.account), None
    )
    assert layers.get(plane.core, PLACE, made.key, 1) == made
    plane.create(layers=(made.arn,))
    assert plane.latest().configuration.layers[0].arn == made.arn


def test_nobody_changes_the_layers_of_another_account(plane):
    made = publish(plane, place=ELSEWHERE)
    wanted = LayerPublication(package())
    refused(AccessDenied, layers.publish, plane.core, PLACE, made.key, wanted)
    refused(AccessDenied, layers.delete, plane.core, PLACE, made.key, 1)
    refused(AccessDenied, layers.list_versions, plane.core, PLACE, made.key, FIRST, ALL)
    with plane.core.database.reading() as tx:
        assert page_of_versions(tx, made.key, 9, 9, ALL) == [made]


# ------------------------------------------------------------------ policies


def grant(plane, statement_id="s1", principal="*", revision_id=None, number=1, **members):
    wanted = Permission(statement_id, "lambda:GetLayerVersion", principal, **members)
    statement, revision = layer_policies.add(plane.core, LAYER, number, wanted, revision_id)
    return json.loads(statement), revision


def test_a_policy_is_the_document_of_its_statements(plane):
    publish(plane)
    first, revision = grant(plane)
    assert first == {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": f"{LAYER.arn}:1",
    }
    second, revision = grant(plane, "s2", "111122223333", revision, organization_id="o-abcdefghij")
    assert second["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert second["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    third, revision = grant(plane, "s3", "arn:aws:iam::111122223333:root")
    assert third["Principal"] == second["Principal"]
    policy = layer_policies.get(plane.core, LAYER, 1)
    assert json.loads(policy.text) == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [first, second, third],
    }
    assert policy.revision_id == revision
    layer_policies.remove(plane.core, LAYER, 1, "s2", revision)
    policy = layer_policies.get(plane.core, LAYER, 1)
    assert policy.statements == [first, third]
    assert policy.revision_id != revision


def test_what_is_wrong_with_a_policy_is_said_in_awss_words(plane):
    publish(plane)
    missing = "No policy is associated with the given resource."
    assert refused(ResourceNotFound, layer_policies.get, plane.core, LAYER, 1) == missing
    grant(plane)
    assert refused(ResourceConflict, grant, plane) == (
        "The statement id (s1) provided already exists. "
        "Please provide a new statement id, or remove the existing statement."
    )
    stale = (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetLayerPolicy API to retrieve the latest Revision Id"
    )
    assert refused(PreconditionFailed, grant, plane, "s2", revision_id="x") == stale
    remove = (layer_policies.remove, plane.core, LAYER, 1)
    assert refused(PreconditionFailed, *remove, "s1", "x") == stale
    assert refused(ResourceNotFound, *remove, "no", None) == "Statement no is not found in resource policy."
    gone = f"Layer version {LAYER.arn}:2 does not exist."
    assert refused(ResourceNotFound, grant, plane, number=2) == gone
    assert refused(ResourceNotFound, layer_policies.get, plane.core, LAYER, 2) == gone
    assert refused(ResourceNotFound, layer_policies.remove, plane.core, LAYER, 2, "s1", None) == gone
    layer_policies.remove(plane.core, LAYER, 1, "s1", None)
    assert refused(ResourceNotFound, layer_policies.get, plane.core, LAYER, 1) == missing


def test_a_policy_has_20_kb_at_most(plane):
    publish(plane)
    statement, _ = grant(plane)
    with plane.core.database.transaction() as tx:
        set_policy(tx, LAYER, 1, ResourcePolicy("r", [{**statement, "Sid": f"s{n}"} for n in range(160)]))
    said = refused(PolicyLengthExceeded, grant, plane, "one-more")
    assert said.startswith("The final policy size (2")
    assert said.endswith(") is bigger than the limit (20480).")


def test_a_version_published_anew_has_no_policy(plane):
    publish(plane)
    grant(plane)
    layers.delete(plane.core, PLACE, LAYER, 1)
    refused(ResourceNotFound, layer_policies.get, plane.core, LAYER, publish(plane).number)


def test_what_runs_is_given_its_layers(plane):
    from lamb.core import invoke  # noqa: PLC0415

    plane.create(layers=(publish(plane, text="y = 1\n").arn,))
    target = invoke.resolve(plane.core, ref()).primary
    assert [path.name for path in target.opt.iterdir()] == ["app.py"]
    assert target.key == key()
    plane.configure(layers=())
    assert invoke.resolve(plane.core, ref()).primary.opt is None
