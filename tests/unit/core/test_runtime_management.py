from __future__ import annotations

import pytest
from unit.core.plane import ARN, ref

from lamb.core import functions, runtime_management
from lamb.model.errors import InvalidParameterValue, ResourceNotFound
from lamb.model.requests import RuntimeManagement

RUNTIME = f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"


def test_runtimes_are_updated_automatically_unless_told_otherwise(plane):
    plane.create(publish=True)
    assert runtime_management.get(plane.core, ref()) == RuntimeManagement("Auto", None)
    wanted = RuntimeManagement("Manual", RUNTIME)
    assert runtime_management.put(plane.core, ref(), wanted) == wanted
    runtime_management.put(plane.core, ref(qualifier="1"), RuntimeManagement("FunctionUpdate"))
    assert runtime_management.get(plane.core, ref()) == wanted
    assert runtime_management.get(plane.core, ref(qualifier="1")).update_on == "FunctionUpdate"
    functions.delete(plane.core, ref())
    plane.create()
    assert runtime_management.get(plane.core, ref()).update_on == "Auto"


@pytest.mark.parametrize(("update_on", "arn"), [("Manual", None), ("Auto", RUNTIME)])
def test_an_arn_belongs_to_manual_and_to_nothing_else(plane, update_on, arn):
    plane.create()
    with pytest.raises(InvalidParameterValue, match=r"^RuntimeVersionArn is "):
        runtime_management.put(plane.core, ref(), RuntimeManagement(update_on, arn))


@pytest.mark.parametrize("qualifier", ["7", "live"])
def test_only_versions_that_are_there_have_it(plane, qualifier):
    plane.create(publish=True)
    plane.alias()
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}:{qualifier}$"):
        runtime_management.get(plane.core, ref(qualifier=qualifier))
