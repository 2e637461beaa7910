"""Write neighbours.json: request shapes of services beside Lambda, from botocore's service models.

A development tool (`python -m lamb.api.generate_neighbours`); botocore is not needed at run time.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lamb.api import cloudwatch, iam, kms, logs, sts
from lamb.api.generate_service import collect, service_model

TABLE = Path(__file__).with_name("neighbours.json")
SERVICES: Mapping[str, Iterable[str]] = {
    "cloudwatch": cloudwatch.HANDLERS,
    "iam": iam.HANDLERS,
    "kms": kms.HANDLERS,
    "logs": logs.OPERATIONS,
    "sts": sts.HANDLERS,
}
"""Service → the operations that lamb has of it."""
SILENT = frozenset({"iam"})
"""Services that do not say which value they refuse (recorded in 2026)."""


def main() -> None:
    """Write the table beside this file."""
    TABLE.write_text(render(tables()), encoding="utf-8")


def tables() -> dict[str, Any]:
    """By service, the request shape of each operation and every shape that it reaches."""
    services = {name: _table(name, operations) for name, operations in SERVICES.items()}
    return {"botocore": importlib.metadata.version("botocore"), "services": services}


def render(document: dict[str, Any]) -> str:
    """JSON with one shape a line, so that a new model is a readable diff."""
    parts = []
    for name, table in sorted(document["services"].items()):
        lines = [
            f"  {json.dumps(shape)}: {json.dumps(what)}" for shape, what in sorted(table["shapes"].items())
        ]
        operations = json.dumps(table["operations"], sort_keys=True)
        shapes = ",\n".join(lines)
        parts.append(f'{json.dumps(name)}: {{"operations": {operations}, "shapes": {{\n{shapes}\n}}}}')
    services = ",\n".join(parts)
    return f'{{"botocore": {json.dumps(document["botocore"])},\n"services": {{\n{services}\n}}}}\n'


def _table(service: str, operations: Iterable[str]) -> dict[str, Any]:
    model = service_model(service)
    shapes: dict[str, Any] = {}
    inputs = {}
    for name in operations:
        given = model["operations"][name].get("input")
        if given is not None:
            inputs[name] = given["shape"]
            collect(given["shape"], model["shapes"], shapes)
    if service in SILENT:
        for shape in shapes.values():
            shape["sensitive"] = True
    return {"operations": inputs, "shapes": shapes}


if __name__ == "__main__":
    main()
