"""The environment variables of an environment: AWS's, the user's, and nothing else (SEMANTICS §10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lamb.model.invocation import Target
from lamb.runtimes.base import Runtime


class Places(NamedTuple):
    """Where things are, as the function sees them. Without the mount wall these are host paths."""

    task_root: str = "/var/task"
    runtime_dir: str = "/var/runtime"
    tmp: str = ""
    """Where temporary files go, if not to /tmp."""
    opt: str = "/opt"


def compose(
    target: Target,
    runtime: Runtime,
    stream: str,
    identity: Mapping[str, str],
    places: Places,
    init_type: str = "on-demand",
) -> dict[str, str]:
    """Users may extend PATH, LANG, TZ and the like; the names AWS reserves come last and win."""
    configuration = target.configuration
    variables = {
        **runtime.variables(task_root=places.task_root, runtime_dir=places.runtime_dir, opt=places.opt),
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        **target.open_variables(),
        **identity,
        "AWS_REGION": target.key.region,
        "AWS_DEFAULT_REGION": target.key.region,
        "AWS_LAMBDA_FUNCTION_NAME": target.key.name,
        "AWS_LAMBDA_FUNCTION_VERSION": target.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": init_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration.logging.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "_HANDLER": configuration.handler,
        "LAMBDA_TASK_ROOT": places.task_root,
        "LAMBDA_RUNTIME_DIR": places.runtime_dir,
        "PWD": places.task_root,
        "SHLVL": "0",
    }
    if places.tmp:
        variables["TMPDIR"] = places.tmp
    if configuration.logging.format == "JSON":
        variables["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        variables["AWS_LAMBDA_LOG_LEVEL"] = configuration.logging.application_level or "INFO"
    return variables
