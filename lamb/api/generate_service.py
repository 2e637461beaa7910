"""Write service.json: Lambda's routes and request shapes, from botocore's service model.

A development tool (`python -m lamb.api.generate_service`); botocore is not needed at run time.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import importlib.util
import json
from pathlib import Path
from typing import Any

from lamb.core.configuration import RETIRED, RUNTIMES

TABLE = Path(__file__).with_name("service.json")
KEPT = ("type", "required", "min", "max", "pattern", "enum", "sensitive", "member", "key", "value")
# Where answers recorded from AWS contradict the published model, the recordings win.
OVERRIDES: dict[str, dict[str, Any]] = {
    # 5400 holds for managed instances only: "Member must have value less than or equal to 900".
    "Timeout": {"max": 900},
    # An unknown runtime is an InvalidParameterValueException with a list of its own: core's business.
    "Runtime": {"enum": None},
    # Likewise "Number of items in AdditionalVersionWeights …", "Cannot reference more than 5 layers."
    "LayerList": {"max": None},
    # "Member must satisfy enum value set: […]", of the list itself, and the architectures may be null.
    "CompatibleRuntimes": {"enum": list(RUNTIMES)},
    "CompatibleArchitectures": {"sparse": True},
    # Versions are refused with another pattern than the model's.
    "FunctionUrlQualifier": {"pattern": None},
    # In the order of the recorded text.
    "EventSourcePosition": {"enum": ["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"]},
}
# Lists of layers may be filtered by every runtime that there ever was.
FILTERED = ("ListLayersRequest", "ListLayerVersionsRequest")
# Where several members are wrong, AWS names them in this order.
FIRST = {"PublishLayerVersionRequest": ("LayerName", "CompatibleRuntimes")}
# Names that the recorded list has, too.
UNHEARD_OF = (
    "nodejs8.9", "nodejs8.x", "python2.7-greengrass", "python3.4", "ruby2.6", "go1.9", "byol", "nasa",
)  # fmt: skip
EXTENSION = {"type": "structure", "members": {"Network": {"shape": "LambNetwork"}}}
EXTENDED = ("CreateFunctionRequest", "UpdateFunctionConfigurationRequest")


def main() -> None:
    """Write the table beside this file."""
    TABLE.write_text(render(table()), encoding="utf-8")


def table() -> dict[str, Any]:
    """Operations (method, path, status, request shape) and every shape that a request reaches."""
    model = service_model("lambda")
    shapes: dict[str, Any] = {
        "LambExtension": EXTENSION,
        "LambNetwork": {"type": "string", "enum": ["host", "none"]},
        "LayerRuntime": {"type": "string", "enum": [*RUNTIMES, *sorted(RETIRED), *UNHEARD_OF]},
    }
    operations = {}
    for name, operation in model["operations"].items():
        http = operation["http"]
        entry = {
            "method": http["method"],
            "path": http["requestUri"],
            "status": http.get("responseCode", 200),
        }
        if "input" in operation:
            entry["input"] = operation["input"]["shape"]
            collect(entry["input"], model["shapes"], shapes)
        operations[name] = entry
    for name in EXTENDED:
        shapes[name]["members"]["Lamb"] = {"shape": "LambExtension"}
    for name in FILTERED:
        shapes[name]["members"]["CompatibleRuntime"]["shape"] = "LayerRuntime"
    for name, first in FIRST.items():
        members = shapes[name]["members"]
        shapes[name]["members"] = {member: members[member] for member in (*first, *members)}
    return {"botocore": importlib.metadata.version("botocore"), "operations": operations, "shapes": shapes}


def render(document: dict[str, Any]) -> str:
    """JSON with one operation and one shape a line, so that a new model is a readable diff."""
    parts = [f'{{"botocore": {json.dumps(document["botocore"])}']
    for section in ("operations", "shapes"):
        lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(document[section].items())]
        parts.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    return ",\n".join(parts) + "}\n"


def service_model(service: str) -> dict[str, Any]:
    """The model of a service, by the name that botocore has for it."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        message = "botocore is not installed; it comes with the development dependencies"
        raise SystemExit(message)
    # The newest of its versions.
    path = max((Path(spec.origin).parent / "data" / service).glob("*/service-2.json.gz"))
    with gzip.open(path) as packed:
        model: dict[str, Any] = json.load(packed)
    return model


def collect(name: str, source: dict[str, Any], shapes: dict[str, Any]) -> None:
    """Copy a shape from a service model, and all it refers to, without documentation."""
    if name in shapes:
        return
    shape = source[name]
    kept = {key: shape[key] for key in KEPT if key in shape}
    if kept.get("required") == []:
        del kept["required"]
    for key, value in OVERRIDES.get(name, {}).items():
        kept[key] = value
        if value is None:
            del kept[key]
    shapes[name] = kept
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = kept[part]["shape"]
            collect(kept[part], source, shapes)
    if "members" in shape:
        kept["members"] = {
            member: {key: ref[key] for key in ("shape", "location", "locationName") if key in ref}
            for member, ref in shape["members"].items()
        }
        if "payload" in shape:
            kept["payload"] = shape["payload"]
        for ref in kept["members"].values():
            collect(ref["shape"], source, shapes)


if __name__ == "__main__":
    main()
