"""Recursion configs: whether a function's loops are ended."""

from __future__ import annotations

from lamb.api.messages import Call, Reply
from lamb.core import recursion


def get(call: Call) -> Reply:
    return Reply({"RecursiveLoop": recursion.get(call.core, call.reference())})


def put(call: Call) -> Reply:
    return Reply({"RecursiveLoop": recursion.put(call.core, call.reference(), call.members["RecursiveLoop"])})
