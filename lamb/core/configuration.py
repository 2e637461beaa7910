"""The configuration that a request asks for, by the rules that AWS has for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lamb.model.errors import InvalidParameterValue, ValidationFailure
from lamb.model.function import Configuration, Logging
from lamb.model.limits import (
    EPHEMERAL_STORAGE_MB,
    MEMORY_MB,
    MEMORY_MODEL_MAX_MB,
    TIMEOUT_S,
)
from lamb.model.names import FunctionKey
from lamb.model.requests import Changes, Creation

# What CreateFunction takes in 2026, in the model's order; what a host can run of it is another question.
RUNTIMES = (
    "nodejs16.x", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x",
    "java8.al2", "java11", "java17", "java21", "java25",
    "python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14",
    "dotnet6", "dotnet8", "dotnet10",
    "ruby3.2", "ruby3.3", "ruby3.4",
    "provided.al2", "provided.al2023",
)  # fmt: skip
RETIRED = frozenset(
    {
        "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x",
        "nodejs14.x", "java8", "python2.7", "python3.6", "python3.7", "dotnetcore1.0", "dotnetcore2.0",
        "dotnetcore2.1", "dotnetcore3.1", "dotnet5.0", "ruby2.5", "ruby2.7", "go1.x", "provided",
    }
)  # fmt: skip
# The page on SnapStart: Java from 11 on, Python from 3.12 on, .NET from 8 on.
SNAP_STARTED = frozenset(
    {"java11", "java17", "java21", "java25", "python3.12", "python3.13", "python3.14", "dotnet8", "dotnet10"}
)
_HALF = re.compile("[\ud800-\udfff]")  # of a character


def compose(key: FunctionKey, creation: Creation) -> Configuration:
    """The first configuration of a function, its code still missing. Raises the errors of CreateFunction."""
    changes = creation.changes
    if creation.package_type != "Zip":
        raise InvalidParameterValue(f"lamb runs functions of package type Zip, not {creation.package_type}")
    if not changes.runtime or not changes.handler:
        raise InvalidParameterValue(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    if not changes.role:
        raise ValidationFailure("Value null at 'role' failed to satisfy constraint: Member must not be null")
    blank = Configuration(
        runtime=changes.runtime,
        handler=changes.handler,
        role=changes.role,
        code_sha256="",
        code_size=0,
        architectures=creation.architectures,
        logging=Logging(group=f"/aws/lambda/{key.name}"),
    )
    return changed(blank, changes, key)


def changed(configuration: Configuration, changes: Changes, key: FunctionKey) -> Configuration:
    """The configuration with everything that is given, checked; but for layers, which the store knows."""
    if changes.runtime is not None:
        _refuse_runtime(changes.runtime)
    _refuse_numbers(changes)
    if changes.network not in (None, "host", "none"):
        raise InvalidParameterValue(f"Network is host or none, not {changes.network}")
    given = {
        name: value
        for name in (
            "runtime", "handler", "role", "description", "memory_mb", "timeout_s", "ephemeral_storage_mb",
            "tracing_mode", "vpc", "file_systems", "snap_start", "network",
        )
        if (value := getattr(changes, name)) is not None
    }  # fmt: skip
    # An empty text takes these two away.
    for name in ("dead_letter_arn", "kms_key_arn"):
        if (value := getattr(changes, name)) is not None:
            given[name] = value or None
    given["logging"] = _logging(configuration.logging, changes, key)
    wanted = configuration._replace(**given)
    if wanted.snap_start != "None" and wanted.runtime not in SNAP_STARTED:
        raise InvalidParameterValue(f"{wanted.runtime} is not supported for SnapStart enabled functions.")
    return wanted


def refuse_broken_text(*given: Any) -> None:
    """JSON can spell halves of characters (lone surrogates), which neither SQL nor a process can hold.

    Raises InvalidParameterValue for one anywhere in texts, tuples (named ones, too), lists and mappings.
    """
    if not all(map(_is_whole, given)):
        raise InvalidParameterValue("The request contains text that is not valid Unicode")


def _is_whole(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return value.isascii() or not _HALF.search(value)
    if isinstance(value, Mapping):
        return all(map(_is_whole, value)) and all(map(_is_whole, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(_is_whole, value))
    return True


def _refuse_runtime(runtime: str) -> None:
    if runtime in RETIRED:
        raise InvalidParameterValue(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
    if runtime not in RUNTIMES:
        raise InvalidParameterValue(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(RUNTIMES)}] or be a valid ARN"
        )


def _refuse_numbers(changes: Changes) -> None:
    memory_mb = changes.memory_mb
    if memory_mb is not None and MEMORY_MB[-1] < memory_mb <= MEMORY_MODEL_MAX_MB:
        raise InvalidParameterValue(
            "'MemorySize' value failed to satisfy constraint: "
            f"Member must have value less than or equal to {MEMORY_MB[-1]}"
        )
    ranges = {
        "memorySize": (memory_mb, range(MEMORY_MB[0], MEMORY_MODEL_MAX_MB + 1)),
        "timeout": (changes.timeout_s, TIMEOUT_S),
        "ephemeralStorage.size": (changes.ephemeral_storage_mb, EPHEMERAL_STORAGE_MB),
    }
    violations = [
        f"Value '{value}' at '{member}' failed to satisfy constraint: {_bound(value, valid)}"
        for member, (value, valid) in ranges.items()
        if value is not None and value not in valid
    ]
    if violations:
        raise ValidationFailure(*violations)


def _bound(value: int, valid: range) -> str:
    relation, bound = ("less", valid[-1]) if value > valid[-1] else ("greater", valid[0])
    return f"Member must have value {relation} than or equal to {bound}"


def _logging(now: Logging, changes: Changes, key: FunctionKey) -> Logging:
    wanted = Logging(
        format=changes.log_format or now.format,
        group=changes.log_group or now.group or f"/aws/lambda/{key.name}",
        application_level=changes.application_log_level,
        system_level=changes.system_log_level,
    )
    if wanted.format != "JSON":
        if wanted.application_level or wanted.system_level:
            raise InvalidParameterValue(
                'LogLevel is not supported when LogFormat is set to "Text". '
                'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.'
            )
        return wanted
    return wanted._replace(
        application_level=wanted.application_level or now.application_level or "INFO",
        system_level=wanted.system_level or now.system_level or "INFO",
    )
