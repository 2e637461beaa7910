from __future__ import annotations

import base64
import hashlib
import re
import uuid

import pytest
from unit.core.plane import ARN, FIRST, PLACE, creation, package, ref

from lamb.core import functions, packages
from lamb.core.configuration import RETIRED, RUNTIMES
from lamb.model.errors import (
    AccessDenied,
    CodeStorageExceeded,
    HomeUnusable,
    InvalidParameterValue,
    RequestTooLarge,
    ResourceConflict,
    ResourceNotFound,
    ValidationFailure,
)
from lamb.model.function import ACTIVE, DEFAULT_ROLE, PENDING, Logging
from lamb.model.limits import CODE_STORAGE_MAX_BYTES
from lamb.store import versions as version_rows
from lamb.store.functions import FunctionRow


def refused(plane, kind, wanted):
    """The message with which a creation is refused; nothing is there afterwards."""
    with pytest.raises(kind) as raised:
        functions.create(plane.core, PLACE, wanted)
    assert functions.list_functions(plane.core, PLACE, FIRST, all_versions=True) == ([], None)
    return raised.value.message


def test_a_new_function_is_pending_and_then_active(plane):
    made = plane.create(settled=False)
    assert made.status == PENDING
    assert made.status.last_update is None
    assert plane.settle() == "python3.11"
    settled = plane.latest()
    assert settled.status == ACTIVE
    assert settled.revision_id != made.revision_id
    assert plane.settle() is None


def test_what_is_not_given_has_aws_s_defaults(plane):
    made = plane.create()
    configuration = made.configuration
    assert (configuration.memory_mb, configuration.timeout_s, configuration.ephemeral_storage_mb) == (
        128,
        3,
        512,
    )
    assert configuration.architectures == ("x86_64",)
    assert configuration.description == ""
    assert configuration.logging == Logging("Text", "/aws/lambda/f", None, None)
    assert (configuration.tracing_mode, configuration.snap_start) == ("PassThrough", "None")
    assert (configuration.network, configuration.package_type) == ("host", "Zip")
    assert made.variables is None
    assert (made.label, made.key.arn, made.arn) == ("$LATEST", ARN, f"{ARN}:$LATEST")
    assert uuid.UUID(made.revision_id).version == 4
    assert made.last_modified_ms == plane.clock.ms


def test_the_sha256_and_size_are_those_of_the_uploaded_bytes(plane):
    made = plane.create(code="y = 2\n")
    data = package("y = 2\n")
    assert made.configuration.code_sha256 == base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert made.configuration.code_size == len(data)
    assert functions.code(plane.core, ref()) == data


def test_everything_given_is_kept(plane):
    members = {
        "memory_mb": 10240,
        "timeout_s": 900,
        "ephemeral_storage_mb": 10240,
        "description": "größer ☃",
        "tracing_mode": "Active",
        "dead_letter_arn": plane.queue(),
        "kms_key_arn": plane.kms_key(),
        "vpc": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "file_systems": ({"Arn": "a", "LocalMountPath": "/mnt/a"},),
        "snap_start": "PublishedVersions",
        "runtime": "python3.12",
        "network": "none",
    }
    plane.create(variables={"NAME": "value"}, **members)
    found = plane.latest()
    assert {name: getattr(found.configuration, name) for name in members} == members
    assert found.variables == {"NAME": "value"}


@pytest.mark.parametrize(
    "target", ["arn:aws:sqs:us-east-1:123456789012:no", "arn:aws:sns:us-east-1:123456789012:no"]
)
def test_a_dead_letter_target_has_to_be_there(plane, target):
    with pytest.raises(InvalidParameterValue, match=f"there is no {target}") as refused:
        plane.create(dead_letter_arn=target)
    assert "create` makes one here" in refused.value.hint
    plane.create()
    with pytest.raises(InvalidParameterValue, match=f"there is no {target}"):
        plane.configure(dead_letter_arn=target)
    assert plane.latest().configuration.dead_letter_arn is None


def test_a_dead_letter_target_is_a_queue_or_a_topic(plane):
    with pytest.raises(InvalidParameterValue, match="neither a queue nor a topic"):
        plane.create(dead_letter_arn="arn:aws:lambda:us-east-1:123456789012:function:g")


def test_publish_makes_latest_and_the_first_version_in_one_step(plane):
    made = plane.create(settled=False, publish=True, variables={"NAME": "value"})
    assert (made.label, made.status) == ("1", PENDING)
    plane.settle()
    first, latest = plane.get("f", "1").version, plane.latest()
    assert first.status == latest.status == ACTIVE
    assert first.revision_id != latest.revision_id
    assert first.variables == latest.variables == {"NAME": "value"}
    assert plane.publish().label == "1"


@pytest.mark.parametrize(
    "name", ["f", ARN, f"{ARN}:$LATEST", "123456789012:function:f", "function:f", "f:$LATEST"]
)
def test_a_function_is_made_under_every_spelling_of_its_name(plane, name):
    functions.create(plane.core, PLACE, creation(name))
    assert plane.latest().key.arn == ARN


def test_a_name_is_taken_once(plane):
    plane.create()
    with pytest.raises(ResourceConflict, match=r"^Function already exist: f$"):
        plane.create()


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("f:7", InvalidParameterValue, "without a qualifier"),
        ("a" * 65, InvalidParameterValue, "less than or equal to 64"),
        ("a b", ValidationFailure, "Member must satisfy regular expression pattern"),
        ("", ValidationFailure, "Member must have length greater than or equal to 1"),
        ("a.b", ValidationFailure, "Member must satisfy regular expression pattern"),
        (ARN.replace("us-east-1", "eu-west-1"), ResourceNotFound, "are not reachable in this region"),
        (ARN.replace("123456789012", "210987654321"), AccessDenied, ""),
    ],
)
def test_a_name_that_cannot_be_is_refused(plane, name, kind, text):
    assert text in refused(plane, kind, creation(name))


@pytest.mark.parametrize("missing", ["runtime", "handler"])
def test_runtime_and_handler_are_mandatory(plane, missing):
    assert refused(plane, InvalidParameterValue, creation(**{missing: None})) == (
        "Runtime and Handler are mandatory parameters for functions created with deployment packages."
    )


def test_a_role_is_mandatory(plane):
    assert refused(plane, ValidationFailure, creation(role=None)) == (
        "1 validation error detected: Value null at 'role' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_images_are_not_run(plane):
    assert "Image" in refused(plane, InvalidParameterValue, creation()._replace(package_type="Image"))


def test_code_is_mandatory(plane):
    text = refused(plane, InvalidParameterValue, creation()._replace(zip=None))
    assert text == "Please provide a source for function code."


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (b"", InvalidParameterValue, "Uploaded file must be a non-empty zip"),
        (
            b"no zip",
            InvalidParameterValue,
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        (b"P" * 52_428_800, RequestTooLarge, "Zipped size must be smaller than 52428800 bytes"),
    ],
    ids=["empty", "no zip", "too large"],
)
def test_a_package_that_aws_refuses_is_refused(plane, data, kind, text):
    assert refused(plane, kind, creation()._replace(zip=data)) == text


@pytest.mark.parametrize("runtime", ["python3.99", "Python3.11", "perl"])
def test_an_unknown_runtime_is_refused_with_the_list(plane, runtime):
    text = refused(plane, InvalidParameterValue, creation(runtime=runtime))
    assert re.fullmatch(
        rf"Value {re.escape(runtime)} at 'runtime' failed to satisfy constraint: "
        r"Member must satisfy enum value set: \[.*python3\.14.*\] or be a valid ARN",
        text,
    )


def test_a_retired_runtime_is_refused_in_aws_s_words(plane):
    assert refused(plane, InvalidParameterValue, creation(runtime="python3.7")) == (
        "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions."
    )
    assert set(RUNTIMES).isdisjoint(RETIRED)


def test_a_runtime_that_this_host_does_not_have_is_refused(plane):
    text = refused(plane, InvalidParameterValue, creation(runtime="java21"))
    assert text == "The runtime java21 is not installed on this host."


OPENING = "1 validation error detected: Value"


@pytest.mark.parametrize(
    ("members", "kind", "text"),
    [
        (
            {"memory_mb": 10241},
            InvalidParameterValue,
            (
                "'MemorySize' value failed to satisfy constraint: "
                "Member must have value less than or equal to 10240"
            ),
        ),
        (
            {"memory_mb": 127},
            ValidationFailure,
            (
                f"{OPENING} '127' at 'memorySize' failed to satisfy constraint: "
                "Member must have value greater than or equal to 128"
            ),
        ),
        (
            {"memory_mb": 32769},
            ValidationFailure,
            (
                f"{OPENING} '32769' at 'memorySize' failed to satisfy constraint: "
                "Member must have value less than or equal to 32768"
            ),
        ),
        (
            {"timeout_s": 3000},
            ValidationFailure,
            (
                f"{OPENING} '3000' at 'timeout' failed to satisfy constraint: "
                "Member must have value less than or equal to 900"
            ),
        ),
        (
            {"timeout_s": 0},
            ValidationFailure,
            (
                f"{OPENING} '0' at 'timeout' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1"
            ),
        ),
        (
            {"ephemeral_storage_mb": 511},
            ValidationFailure,
            (
                f"{OPENING} '511' at 'ephemeralStorage.size' failed to satisfy constraint: "
                "Member must have value greater than or equal to 512"
            ),
        ),
        (
            {"layers": ("arn:aws:lambda:us-east-1:123456789012:layer:l:1",)},
            InvalidParameterValue,
            "Layer version arn:aws:lambda:us-east-1:123456789012:layer:l:1 does not exist.",
        ),
        ({"layers": ("a",) * 6}, InvalidParameterValue, "Cannot reference more than 5 layers."),
        (
            {"log_format": "Text", "application_log_level": "DEBUG"},
            InvalidParameterValue,
            (
                'LogLevel is not supported when LogFormat is set to "Text". '
                'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.'
            ),
        ),
        ({"network": "lan"}, InvalidParameterValue, "Network is host or none, not lan"),
        (
            {"description": "half \ud800 a character"},
            InvalidParameterValue,
            "The request contains text that is not valid Unicode",
        ),
    ],
)
def test_a_configuration_that_aws_refuses_is_refused_in_its_words(plane, members, kind, text):
    assert refused(plane, kind, creation(**members)) == text


@pytest.mark.parametrize(
    "members",
    [
        {"variables": {"STAGE": "\ud800"}},
        {"variables": {"\udfff": "x"}},
        {"vpc": {"SubnetIds": ["a", "\ud800"]}},
        {"file_systems": ({"Arn": "\ud800"},)},
        {"tags": {"a": "ä\udc00"}},
    ],
)
def test_half_a_character_is_refused_wherever_it_is(plane, members):
    text = refused(plane, InvalidParameterValue, creation(**members))
    assert text == "The request contains text that is not valid Unicode"


def test_whole_characters_of_every_kind_are_kept(plane):
    made = plane.create(description="ä 🐑 \U0010ffff", tags={"é": "🐑"})
    assert made.configuration.description == "ä 🐑 \U0010ffff"


def test_several_violations_come_in_one_answer(plane):
    text = refused(plane, ValidationFailure, creation(memory_mb=1, timeout_s=0))
    assert text.startswith("2 validation errors detected: Value '1' at 'memorySize'")


def test_json_logs_have_levels_and_text_logs_have_none(plane):
    plane.create(log_format="JSON", system_log_level="WARN", log_group="/mine")
    assert plane.latest().configuration.logging == Logging("JSON", "/mine", "INFO", "WARN")
    plane.configure(log_format="Text")
    assert plane.latest().configuration.logging == Logging("Text", "/mine", None, None)


def test_a_function_takes_fifty_tags(plane):
    plane.create("g", tags={str(number): "x" for number in range(50)})
    with pytest.raises(InvalidParameterValue, match=r"^Number of tags exceeds resource tag limit\.$"):
        plane.create("h", tags={str(number): "x" for number in range(51)})


def test_the_account_s_code_storage_is_bounded(plane):
    made = plane.create("big")
    with plane.core.database.transaction() as tx:
        huge = made.configuration._replace(code_size=CODE_STORAGE_MAX_BYTES)
        function = FunctionRow(1, made.key, {}, None)
        version_rows.add(tx, version_rows.Record(function, made._replace(number=1, configuration=huge), None))
    plane.core.code_bytes.clear()  # that went past it; the next daemon adds up what is there
    with pytest.raises(CodeStorageExceeded, match=r"^Code storage limit exceeded\.$"):
        plane.create("one-more")


def test_what_was_deleted_makes_room_again(plane):
    plane.create("kept")
    plane.core.code_bytes[PLACE] = CODE_STORAGE_MAX_BYTES  # of which most is gone by now
    plane.create("one-more")


def test_a_package_that_cannot_be_unpacked_makes_the_function_fail_with_the_reason(plane):
    plane.create(settled=False)
    for zipped in (plane.home / "packages" / "zips").iterdir():
        zipped.write_bytes(b"damaged")
    plane.settle()
    status = plane.latest().status
    assert (status.state, status.state_reason_code) == ("Failed", "InternalError")
    assert "is damaged on disk" in status.state_reason
    # New code brings it up.
    plane.update("z = 3\n")
    assert plane.latest().status == ACTIVE


def test_nothing_of_a_refused_creation_stays_once_packages_are_swept(plane):
    plane.create("kept")
    # The key cannot be written: the package is on the shelf by then, the function is not.
    plane.keyring.parent.mkdir(mode=0o755)
    with pytest.raises(HomeUnusable):
        plane.create("lost", code="lost = 1\n", variables={"NAME": "value"})
    assert packages.discard_unused(plane.core) == 1
    assert packages.discard_unused(plane.core) == 0
    assert functions.code(plane.core, ref("kept")) == package("x = 1\n")


def test_the_default_role_is_one_that_aws_would_take():
    assert re.fullmatch(r"arn:aws:iam::\d{12}:role/[\w-]+", DEFAULT_ROLE)
