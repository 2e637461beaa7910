"""Write telemetry.json: request shapes of CloudWatch and CloudWatch Logs, from botocore's service models.

A development tool (`python -m lamb.api.generate_telemetry`); botocore is not needed at run time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lamb.api.generate_service import collect, service_model

TABLE = Path(__file__).with_name("telemetry.json")
# By the name that signatures have for a service → botocore's name, and what is answered.
SERVICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "logs": (
        "logs",
        (
            "CreateLogGroup", "CreateLogStream", "DeleteLogGroup", "DeleteLogStream", "DeleteRetentionPolicy",
            "DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents",
            "ListTagsForResource", "ListTagsLogGroup", "PutLogEvents", "PutLogGroupDeletionProtection",
            "PutRetentionPolicy", "StartLiveTail", "TagLogGroup", "TagResource", "UntagLogGroup",
            "UntagResource",
        ),
    ),
    "monitoring": (
        "cloudwatch",
        ("GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"),
    ),
}  # fmt: skip


def main() -> None:
    """Write the table beside this file."""
    TABLE.write_text(render(table()), encoding="utf-8")


def table() -> dict[str, Any]:
    """Service → operation → the name of its request's shape, and every shape that a request reaches."""
    found: dict[str, Any] = {}
    for name, (model_name, operations) in SERVICES.items():
        model = service_model(model_name)
        shapes: dict[str, Any] = {}
        inputs = {operation: model["operations"][operation]["input"]["shape"] for operation in operations}
        for shape in inputs.values():
            collect(shape, model["shapes"], shapes)
        found[name] = {"operations": inputs, "shapes": shapes}
    return found


def render(document: dict[str, Any]) -> str:
    """JSON with one operation and one shape a line, so that a new model is a readable diff."""
    services = []
    for name, service in document.items():
        parts = []
        for section in ("operations", "shapes"):
            lines = [f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(service[section].items())]
            parts.append(f'  "{section}": {{\n' + ",\n".join(lines) + "\n  }")
        services.append(f"{json.dumps(name)}: {{\n" + ",\n".join(parts) + "}")
    return "{" + ",\n".join(services) + "}\n"


if __name__ == "__main__":
    main()
