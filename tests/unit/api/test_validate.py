from __future__ import annotations

import importlib.metadata
import json
from typing import Any

import pytest

from lamb.api import generate_service
from lamb.api.members import SHAPES, read
from lamb.api.validate import check
from lamb.core.configuration import RUNTIMES
from lamb.model.errors import InvalidParameterValue, SerializationFailure, ValidationFailure

ROLE = "arn:aws:iam::123456789012:role/r"
CREATE = {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": "UEs="}}


def members(operation: str, body: Any = None, query: bytes = b"", **params: str) -> dict[str, Any]:
    content = b"" if body is None else json.dumps(body).encode()
    found = read(operation, params, query, content)
    check(operation, found)
    return found


def refusal(operation: str, body: Any = None, query: bytes = b"", **params: str) -> str:
    with pytest.raises(ValidationFailure) as caught:
        members(operation, body, query, **params)
    return caught.value.message


def test_members_come_from_the_path_the_query_and_the_body() -> None:
    assert members("GetFunction", query=b"Qualifier=%24LATEST", FunctionName="f") == {
        "FunctionName": "f",
        "Qualifier": "$LATEST",
    }
    assert members("CreateFunction", {**CREATE, "Unknown": 1, "Handler": None})["Code"] == {"ZipFile": b"PK"}


def test_a_repeated_query_argument_is_a_list() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    found = members("UntagResource", query=b"tagKeys=a&tagKeys=b%20c", Resource=arn)
    assert found["TagKeys"] == ["a", "b c"]


def test_missing_members_are_all_named_in_one_answer() -> None:
    assert refusal("CreateFunction", {}) == (
        "3 validation errors detected: "
        "Value null at 'functionName' failed to satisfy constraint: Member must not be null; "
        "Value null at 'role' failed to satisfy constraint: Member must not be null; "
        "Value null at 'code' failed to satisfy constraint: Member must not be null"
    )


def test_a_timeout_over_900_is_a_validation_error_with_the_recorded_text() -> None:
    assert refusal("CreateFunction", {**CREATE, "Timeout": 3000}) == (
        "1 validation error detected: Value '3000' at 'timeout' failed to satisfy constraint: "
        "Member must have value less than or equal to 900"
    )


def test_a_list_prints_all_constraints_of_its_elements() -> None:
    assert refusal("CreateFunction", {**CREATE, "Architectures": ["mips"]}) == (
        "1 validation error detected: Value '[mips]' at 'architectures' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
        "Member must not be null]"
    )


def test_a_nested_member_is_named_by_its_path() -> None:
    assert refusal("CreateFunction", {**CREATE, "EphemeralStorage": {"Size": 1}}) == (
        "1 validation error detected: Value '1' at 'ephemeralStorage.size' failed to satisfy constraint: "
        "Member must have value greater than or equal to 512"
    )


def test_values_of_environment_variables_are_never_printed() -> None:
    assert refusal("CreateFunction", {**CREATE, "Environment": {"Variables": {"a-b": "s3cret"}}}) == (
        "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: "
        "Map keys must satisfy constraint: "
        "[Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
    )


def test_a_weight_outside_its_range_prints_the_map_and_every_constraint_of_its_values() -> None:
    body = {"Name": "live", "FunctionVersion": "1", "RoutingConfig": {"AdditionalVersionWeights": {"2": 2}}}
    assert refusal("CreateAlias", body, FunctionName="f") == (
        "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to "
        "satisfy constraint: Map value must satisfy constraint: "
        "[Member must have value less than or equal to 1.0, Member must have value greater than or equal to "
        "0.0, Member must not be null]"
    )


def test_a_version_that_is_no_number_in_the_weights_breaks_the_keys_constraints() -> None:
    weights = {"AdditionalVersionWeights": {"$LATEST": 0.5}}
    body = {"Name": "live", "FunctionVersion": "1", "RoutingConfig": weights}
    assert refusal("CreateAlias", body, FunctionName="f") == (
        "1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' "
        "failed to satisfy constraint: Map keys must satisfy constraint: "
        "[Member must have length less than or equal to 1024, "
        "Member must have length greater than or equal to 1, "
        "Member must satisfy regular expression pattern: [0-9]+]"
    )


def test_an_alias_of_digits_is_refused_and_one_that_looks_like_a_date_is_not() -> None:
    pattern = r"Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
    assert pattern in refusal("CreateAlias", {"Name": "42", "FunctionVersion": "1"}, FunctionName="f")
    assert members("CreateAlias", {"Name": "2024-01-02", "FunctionVersion": "1"}, FunctionName="f")


def test_another_function_version_than_all_is_refused() -> None:
    assert refusal("ListFunctions", query=b"FunctionVersion=invalid") == (
        "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ALL]"
    )


def test_runtimes_of_a_layer_are_named_before_its_architectures() -> None:
    body = {
        "Content": {},
        "CompatibleArchitectures": ["arch", "x86_64"],
        "CompatibleRuntimes": ["cobol", "java21"],
    }
    assert refusal("PublishLayerVersion", body, LayerName="l") == (
        "2 validation errors detected: Value '[cobol, java21]' at 'compatibleRuntimes' failed to satisfy "
        f"constraint: Member must satisfy enum value set: [{', '.join(RUNTIMES)}]; "
        "Value '[arch, x86_64]' at 'compatibleArchitectures' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]"
    )


def test_layers_are_filtered_by_runtimes_of_all_times() -> None:
    assert members("ListLayers", query=b"CompatibleRuntime=python2.7") == {"CompatibleRuntime": "python2.7"}
    said = refusal("ListLayers", query=b"CompatibleRuntime=cobol&CompatibleArchitecture=vax")
    assert said.startswith("2 validation errors detected: Value 'vax' at 'compatibleArchitecture' failed to")
    assert (
        "Value 'cobol' at 'compatibleRuntime' failed to satisfy constraint: Member must satisfy enum" in said
    )


def test_a_layer_without_a_version_is_none_that_a_function_can_have() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:l"
    said = refusal("CreateFunction", {**CREATE, "Layers": [arn]})
    assert said.startswith(
        f"1 validation error detected: Value '[{arn}]' at 'layers' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must have length less than or equal to "
    )


def test_untagging_without_keys_says_null() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    assert "Value null at 'tagKeys'" in refusal("UntagResource", Resource=arn)


def test_a_bare_name_over_64_characters_is_an_invalid_parameter_instead() -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        members("CreateFunction", {**CREATE, "FunctionName": "n" * 150})
    assert caught.value.message == (
        f"1 validation error detected: Value '{'n' * 150}' at 'functionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )


def test_a_whole_arn_over_the_limit_is_a_validation_error() -> None:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{'n' * 150}"
    assert "Member must have length less than or equal to 140" in refusal(
        "CreateFunction", {**CREATE, "FunctionName": arn}
    )


def test_an_unknown_runtime_passes_the_shapes_because_the_business_rules_name_it() -> None:
    assert members("CreateFunction", {**CREATE, "Runtime": "cobol"})["Runtime"] == "cobol"


def test_lengths_are_counted_as_java_does() -> None:
    assert "less than or equal to 256" in refusal("CreateFunction", {**CREATE, "Description": "😀" * 129})
    assert members("CreateFunction", {**CREATE, "Description": "😀" * 128})


def test_tags_take_letters_of_any_script() -> None:
    assert members("CreateFunction", {**CREATE, "Tags": {"größe": "ü 1"}})["Tags"] == {"größe": "ü 1"}
    assert "Map value" in refusal("CreateFunction", {**CREATE, "Tags": {"k": "!"}})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({**CREATE, "Timeout": "3"}, "STRING_VALUE can not be converted to an Integer"),
        ({**CREATE, "Timeout": 1.5}, "NUMBER_VALUE can not be converted to an Integer"),
        ({**CREATE, "Handler": 3}, "NUMBER_VALUE can not be converted to a String"),
        ({**CREATE, "Handler": True}, "TRUE_VALUE can not be converted to a String"),
        ({**CREATE, "Handler": {}}, "Start of structure or map found where not expected."),
        ({**CREATE, "Layers": "l"}, "STRING_VALUE can not be converted to a List"),
        (
            {**CREATE, "Environment": {"Variables": {"AB": 1}}},
            "NUMBER_VALUE can not be converted to a String",
        ),
        ({**CREATE, "Publish": "true"}, "STRING_VALUE can not be converted to a Boolean"),
        ({**CREATE, "Code": {"ZipFile": "%"}}, "The value of a blob member is not valid base64"),
        ([], "Start of structure expected at the beginning of the request body"),
    ],
)
def test_a_member_of_another_type_is_a_serialization_error(body: Any, message: str) -> None:
    with pytest.raises(SerializationFailure) as caught:
        members("CreateFunction", body)
    assert caught.value.message == message


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_a_serialization_error(content: bytes) -> None:
    with pytest.raises(SerializationFailure, match="not JSON"):
        read("CreateFunction", {}, b"", content)


@pytest.mark.parametrize("text", [b"1_0", b"x", b"%D9%A1", b"9" * 30])
def test_a_number_in_a_query_is_plain_digits(text: bytes) -> None:
    with pytest.raises(SerializationFailure):
        read("ListFunctions", {}, b"MaxItems=" + text, b"")


def test_every_pattern_of_the_table_is_one_that_python_reads() -> None:
    for name, shape in SHAPES.items():
        if "pattern" in shape:
            list(_broken(name))


def _broken(name: str) -> list[str]:
    from lamb.api.validate import _broken as broken  # noqa: PLC0415

    return list(broken(SHAPES[name], "x"))


def test_the_table_is_the_one_its_generator_writes() -> None:
    committed = generate_service.TABLE.read_text(encoding="utf-8")
    if json.loads(committed)["botocore"] != importlib.metadata.version("botocore"):
        pytest.skip("another botocore is installed")
    assert committed == generate_service.render(generate_service.table())
