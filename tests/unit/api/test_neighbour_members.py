from __future__ import annotations

import importlib.metadata
import json

import pytest

from lamb.api import generate_neighbours
from lamb.api.neighbour_members import of_form
from lamb.api.neighbours import SERVICES
from lamb.model.errors import SerializationFailure, ValidationFailure


def test_the_members_of_a_form_have_their_shapes_types():
    form = {
        "Action": "ListPolicies",
        "Version": "2010-05-08",
        "MaxItems": "7",
        "OnlyAttached": "true",
        "Unknown": "x",
    }
    assert of_form("iam", "ListPolicies", form) == {"MaxItems": 7, "OnlyAttached": True}
    form = {"RoleName": "r", "Tags.member.1.Key": "k", "Tags.member.1.Value": ""}
    assert of_form("iam", "TagRole", form) == {"RoleName": "r", "Tags": [{"Key": "k", "Value": ""}]}
    assert of_form("iam", "UntagRole", {"RoleName": "r", "TagKeys": ""}) == {"RoleName": "r", "TagKeys": []}


def test_constraints_are_those_of_the_model_and_iam_repeats_no_value():
    with pytest.raises(ValidationFailure) as caught:
        of_form("iam", "PutRolePolicy", {"RoleName": "a b", "PolicyName": ""})
    assert caught.value.message == (
        "4 validation errors detected: "
        r"Value at 'roleName' failed to satisfy constraint: Member must satisfy regular expression "
        r"pattern: [\w+=,.@-]+; "
        "Value at 'policyName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1; "
        r"Value at 'policyName' failed to satisfy constraint: Member must satisfy regular expression "
        r"pattern: [\w+=,.@-]+; "
        "Value at 'policyDocument' failed to satisfy constraint: Member must not be null"
    )


@pytest.mark.parametrize(
    "form",
    [
        {"RoleName.member.1": "r"},
        {"RoleName": "r", "Tags": "x"},
        {"RoleName": "r", "Tags.member.1": "x"},
        {"RoleName": "r", "MaxItems": "1_0"},
        {"RoleName": "r", "Tags.member.1.Key": "k", "Tags": ""},
    ],
)
def test_a_member_of_another_shape_is_refused(form):
    operation = "ListRoleTags" if "MaxItems" in form else "TagRole"
    with pytest.raises(SerializationFailure):
        of_form("iam", operation, form)


@pytest.mark.skipif(
    importlib.metadata.version("botocore") != json.loads(generate_neighbours.TABLE.read_bytes())["botocore"],
    reason="another botocore is installed",
)
def test_the_committed_table_is_the_model_s():
    table = generate_neighbours.render(generate_neighbours.tables())
    assert generate_neighbours.TABLE.read_text() == table, "run `python -m lamb.api.generate_neighbours`"


def test_every_operation_of_those_services_is_in_the_table():
    services = json.loads(generate_neighbours.TABLE.read_bytes())["services"]
    # botocore has another name for it than signatures.
    signed = {"cloudwatch": "monitoring"}
    assert set(services) == set(generate_neighbours.SERVICES)
    assert {signed.get(name, name) for name in services} <= set(SERVICES)


def test_maps_of_a_form_are_their_entries():
    entity = "EntityMetricData.member.1.Entity.KeyAttributes"
    form = {"Namespace": "N"}
    for number, (key, value) in enumerate((("Type", "Service"), ("Name", "x")), start=1):
        form |= {f"{entity}.entry.{number}.key": key, f"{entity}.entry.{number}.value": value}
    found = of_form("cloudwatch", "PutMetricData", form)
    assert found["EntityMetricData"] == [{"Entity": {"KeyAttributes": {"Type": "Service", "Name": "x"}}}]
    with pytest.raises(SerializationFailure):
        of_form("cloudwatch", "PutMetricData", {"Namespace": "N", entity: "7"})


def test_moments_and_numbers_of_a_form_are_read_in_each_spelling():
    form = {"Namespace": "N", "MetricName": "m", "Period": "60", "EndTime": "1767323100"}
    for start, seconds in (("2026-01-02T03:04:05Z", 1767323045.0), ("1767323045.5", 1767323045.5)):
        found = of_form("cloudwatch", "GetMetricStatistics", {**form, "StartTime": start})
        assert found["StartTime"] == seconds
    for bad in ("yesterday", "-1", "1e300", "NaN"):
        with pytest.raises(SerializationFailure):
            of_form("cloudwatch", "GetMetricStatistics", {**form, "StartTime": bad})
