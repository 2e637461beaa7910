from __future__ import annotations

import pytest

from lamb.model.lineage import extended, is_loop
from lamb.model.names import FunctionKey

F = FunctionKey("123456789012", "us-east-1", "f")
G = FunctionKey("123456789012", "us-east-1", "g")
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


def test_a_run_is_added_to_the_lineage_and_the_rest_of_the_header_kept():
    once = extended(ROOT, F)
    assert once.startswith(f"{ROOT};Lineage=")
    assert once.endswith(":1")
    twice = extended(once, F)
    assert twice == once[:-1] + "2"
    assert extended(twice, G).startswith(f"{twice}|")


def test_a_header_may_be_missing_or_strange():
    assert extended(None, F).startswith("Lineage=")
    assert extended("", F) == extended(None, F)
    assert extended("Lineage=nonsense", F).startswith("Lineage=nonsense;Lineage=")


def test_sixteen_runs_of_one_function_in_a_chain_are_work_and_the_next_is_a_loop():
    trace: str | None = ROOT
    for _ in range(16):
        assert not is_loop(trace, F)
        trace = extended(extended(trace, F), G)
    assert is_loop(trace, F)
    assert is_loop(trace, G)


@pytest.mark.parametrize("trace", [None, "", ROOT, "Lineage=", "Lineage=zz:99"])
def test_what_names_no_lineage_is_no_loop(trace):
    assert not is_loop(trace, F)
