from __future__ import annotations

import pytest
from unit.core.plane import ARN, Plane, key, package, ref

from lamb.core import functions, packages, updates
from lamb.model.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
    ValidationFailure,
)
from lamb.model.function import ACTIVE, UPDATING
from lamb.model.requests import Changes, CodeUpdate

STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)
PENDING_TEXT = (
    "The operation cannot be performed at this time. "
    "The function is currently in the following state: Pending"
)
IN_PROGRESS_TEXT = (
    f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}"
)


def change_code(plane, **members):
    return updates.update_code(plane.core, ref(), CodeUpdate(package("new = 1\n"), **members))


def change_configuration(plane, **guard):
    return updates.configure(plane.core, ref(), Changes(memory_mb=256), **guard)


CHANGES = [change_code, change_configuration]
each_change = pytest.mark.parametrize("change", CHANGES)


@each_change
def test_a_change_is_in_progress_and_then_successful(plane, change):
    before = plane.create()
    plane.clock.advance(seconds=60)
    answered = change(plane)
    assert answered.status == UPDATING
    assert answered.status.last_update_reason == "The function is being created."
    assert answered.last_modified_ms == before.last_modified_ms + 60_000
    plane.settle()
    settled = plane.latest()
    assert settled.status == ACTIVE
    assert settled.last_modified_ms == answered.last_modified_ms
    assert len({before.revision_id, answered.revision_id, settled.revision_id}) == 3


@each_change
def test_nothing_changes_while_the_function_is_pending(plane, change):
    plane.create(settled=False)
    with pytest.raises(ResourceConflict) as refused:
        change(plane)
    assert refused.value.message == PENDING_TEXT


@each_change
def test_one_change_at_a_time(plane, change):
    plane.create()
    change_configuration(plane)
    with pytest.raises(ResourceConflict) as refused:
        change(plane)
    assert refused.value.message == IN_PROGRESS_TEXT


@each_change
def test_a_revision_guards_a_change(plane, change):
    stale = plane.create().revision_id
    with pytest.raises(PreconditionFailed) as refused:
        change(plane, revision_id=stale)
    assert refused.value.message == STALE
    change(plane, revision_id=plane.latest().revision_id)


@each_change
def test_only_latest_can_be_changed(plane, change):
    plane.create(publish=True)
    for qualifier, kind in (("1", InvalidParameterValue), ("live", InvalidParameterValue)):
        with pytest.raises(kind, match=r"Only \$LATEST"):
            updates.configure(plane.core, ref("f", qualifier), Changes(memory_mb=256))
    updates.configure(plane.core, ref("f", "$LATEST"), Changes(memory_mb=256))


@each_change
def test_a_function_that_is_not_there_is_named(plane, change):
    with pytest.raises(ResourceNotFound) as refused:
        change(plane)
    assert refused.value.message == f"Function not found: {ARN}"


def test_only_given_members_change(plane):
    queue = plane.queue()
    key = plane.kms_key()
    plane.create(
        memory_mb=512, description="d", variables={"NAME": "value"}, dead_letter_arn=queue, kms_key_arn=key
    )
    before = plane.latest()
    plane.configure(timeout_s=10)
    after = plane.latest()
    assert after.configuration.timeout_s == 10
    assert (after.configuration.memory_mb, after.configuration.description) == (512, "d")
    assert (after.configuration.dead_letter_arn, after.configuration.kms_key_arn) == (queue, key)
    assert after.variables == before.variables == {"NAME": "value"}


def test_empty_values_take_settings_away(plane):
    named = {"dead_letter_arn": plane.queue(), "kms_key_arn": plane.kms_key(), "description": "d"}
    plane.create(variables={"NAME": "value"}, **named)
    plane.configure(variables={}, dead_letter_arn="", kms_key_arn="", description="", layers=())
    found = plane.latest()
    assert found.variables == {}
    assert found.configuration.dead_letter_arn is None
    assert found.configuration.kms_key_arn is None
    assert found.configuration.description == ""


def test_a_vpc_that_is_removed_stays_as_an_empty_one(plane):
    plane.create(vpc={"SubnetIds": ["s"], "SecurityGroupIds": ["g"]})
    plane.configure(vpc={"SubnetIds": [], "SecurityGroupIds": []})
    assert plane.latest().configuration.vpc == {"SubnetIds": [], "SecurityGroupIds": []}


def test_a_refused_change_changes_nothing(plane):
    plane.create()
    before = plane.latest()
    for changes, kind in (
        (Changes(memory_mb=512, runtime="cobol"), InvalidParameterValue),
        (Changes(memory_mb=512, runtime="java21"), InvalidParameterValue),
        (Changes(memory_mb=512, timeout_s=901), ValidationFailure),
        (Changes(memory_mb=512, variables={"AWS_REGION": "x"}), InvalidParameterValue),
        (Changes(memory_mb=512, layers=("l",)), InvalidParameterValue),
    ):
        with pytest.raises(kind):
            updates.configure(plane.core, ref(), changes)
    for zipped in (None, b"", b"no zip"):
        with pytest.raises(InvalidParameterValue):
            updates.update_code(plane.core, ref(), CodeUpdate(zipped))
    assert plane.latest() == before


def test_a_redundant_update_still_gives_a_new_revision(plane):
    plane.create(code="x = 1\n", memory_mb=128)
    before = plane.latest()
    plane.update("x = 1\n")
    between = plane.latest()
    plane.configure(memory_mb=128)
    after = plane.latest()
    assert before.configuration == between.configuration == after.configuration
    assert len({before.revision_id, between.revision_id, after.revision_id}) == 3


def test_new_code_replaces_the_old(plane):
    plane.create()
    plane.update("y = 2\n", architectures=("arm64",))
    assert functions.code(plane.core, ref()) == package("y = 2\n")
    assert plane.latest().configuration.architectures == ("arm64",)
    assert packages.discard_unused(plane.core) == 1


def test_a_dry_run_answers_what_would_be_and_keeps_nothing(plane):
    plane.create()
    before = plane.latest()
    answered = change_code(plane, dry_run=True, publish=True)
    assert answered.configuration.code_sha256 != before.configuration.code_sha256
    assert answered.configuration.code_size == len(package("new = 1\n"))
    assert plane.latest() == before
    assert packages.discard_unused(plane.core) == 0
    with pytest.raises(InvalidParameterValue, match="Could not unzip"):
        updates.update_code(plane.core, ref(), CodeUpdate(b"no zip", dry_run=True))
    with pytest.raises(PreconditionFailed):
        change_code(plane, dry_run=True, revision_id="stale")


def test_an_update_that_publishes_answers_the_new_version_pending(plane):
    plane.create()
    answered = change_code(plane, publish=True)
    assert (answered.label, answered.status.state, answered.status.last_update) == ("1", "Pending", None)
    assert plane.latest().status == UPDATING
    plane.settle()
    assert plane.get("f", "1").version.status == plane.latest().status == ACTIVE


def test_an_update_that_changes_nothing_publishes_nothing(plane):
    plane.create(code="x = 1\n", publish=True)
    assert plane.update("x = 1\n", publish=True).label == "1"
    assert plane.update("x = 2\n", publish=True).label == "2"


def test_what_is_cached_of_a_function_is_kept_until_its_change_has_settled(plane):
    plane.create()
    plane.changed.clear()
    plane.retired.clear()
    change_code(plane)
    assert (plane.changed, plane.retired) == ([], [])
    plane.settle()
    assert (plane.changed, plane.retired) == ([key()], [(key(), "$LATEST")])


def test_the_next_daemon_goes_on_with_what_a_killed_one_left(plane):
    plane.create("pending", settled=False)
    plane.create("settled")
    plane.create("f")
    change_code(plane, publish=True)
    after = plane.reopened()
    unsettled = updates.unsettled(after.core)
    assert unsettled == [key("f"), key("pending")]
    assert updates.settle(after.core, unsettled) == "python3.11"
    assert updates.unsettled(after.core) == []
    assert {after.latest(name).status for name in ("f", "pending", "settled")} == {ACTIVE}
    assert after.get("f", "1").version.status == ACTIVE
    after.close()


def test_functions_settle_together_and_one_that_fails_takes_no_other_with_it(plane):
    plane.create("damaged", code="x = 2\n", settled=False)
    for zipped in (plane.home / "packages" / "zips").iterdir():
        zipped.write_bytes(b"damaged")
    plane.create("whole", code="x = 3\n", settled=False)
    plane.changed.clear()
    updates.settle(plane.core, [key("damaged"), key("never"), key("whole")])
    assert plane.latest("damaged").status.state == "Failed"
    assert plane.latest("whole").status == ACTIVE
    assert plane.changed == [key("damaged"), key("whole")]


def test_settling_a_function_that_is_gone_or_made_anew_harms_nobody(plane: Plane):
    assert plane.settle("never") is None
    plane.create(settled=False)
    functions.delete(plane.core, ref())
    assert plane.settle() is None
    plane.create(settled=False)
    plane.settle()
    assert plane.latest().status == ACTIVE


def test_a_package_that_cannot_be_unpacked_fails_the_update_with_the_reason(plane):
    plane.create()
    change_code(plane)
    for zipped in (plane.home / "packages" / "zips").iterdir():
        zipped.write_bytes(b"damaged")
    plane.settle()
    status = plane.latest().status
    assert (status.state, status.last_update, status.last_update_reason_code) == (
        "Active",
        "Failed",
        "InternalError",
    )
    assert "is damaged on disk" in status.last_update_reason


def test_snap_start_needs_a_runtime_that_has_it(plane):
    plane.create(runtime="python3.12", snap_start="PublishedVersions")
    words = r"^python3\.11 is not supported for SnapStart enabled functions\.$"
    with pytest.raises(InvalidParameterValue, match=words):
        plane.configure(runtime="python3.11")
    plane.configure(snap_start="None", runtime="python3.11")
    with pytest.raises(InvalidParameterValue, match=words):
        plane.configure(snap_start="PublishedVersions")
