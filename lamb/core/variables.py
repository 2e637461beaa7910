"""Environment variables between the request, where they are plain, and the store, where they are sealed."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping

from lamb.core import function_keys, sealing
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, KMSRefusal, ValidationFailure
from lamb.model.function import Version
from lamb.model.limits import ENVIRONMENT_MAX_BYTES
from lamb.store.database import Tx
from lamb.store.versions import Record, Sealed

# configuration-envvars: "Defined runtime environment variables", the reserved ones.
RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN",
    }
)  # fmt: skip
_NAME = r"[a-zA-Z]([a-zA-Z0-9_])+"
_REFUSED = (
    "Lambda was unable to configure your environment variables "
    "because the environment variables you have provided "
)


def refuse_unusable(variables: Mapping[str, str]) -> None:
    """Raise what AWS says of names that it does not take, reserved names, and more than 4 KB."""
    reserved = [name for name in variables if name in RESERVED]
    if not all(re.fullmatch(_NAME, name, re.ASCII) for name in variables if name not in reserved):
        raise ValidationFailure(
            "Value at 'environment.variables' failed to satisfy constraint: "
            f"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: {_NAME}]"
        )
    if reserved:
        raise InvalidParameterValue(
            f"{_REFUSED}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = json.dumps(dict(variables), ensure_ascii=False, separators=(",", ":"))
    if len(measured.encode("utf-8", "surrogatepass")) > ENVIRONMENT_MAX_BYTES:
        raise InvalidParameterValue(f"{_REFUSED}exceeded the 4KB limit. String measured: {measured}")
    broken = [name for name, value in variables.items() if "\0" in value]
    if broken:
        # No process can be given these; AWS's own words for them are not known.
        raise InvalidParameterValue(f"{_REFUSED}contains NUL characters: {', '.join(broken)}")


def seal(core: Core, tx: Tx, variables: Mapping[str, str], version: Version) -> Sealed:
    """Bound to the ARN of the version; with the key that it names, if it names one, within the home's own.

    Raises HomeUnusable, and the KMS family where the home's key is not the one that sealed what is stored, or
    the function's cannot be used.
    """
    sealing.ready(core, tx)
    plain = json.dumps(dict(variables)).encode()
    inner = function_keys.sealed(core, tx, version, plain)
    return Sealed(str(uuid.uuid4()), core.box.seal(inner, version.arn))


def opener(core: Core, record: Record) -> Callable[[], Mapping[str, str]]:
    """Opens the variables of a version each time it is called; what it holds on to is sealed.

    It raises the KMS family.
    """
    sealed, version = record.sealed, record.version

    def open_variables() -> Mapping[str, str]:
        if sealed is None:
            return {}
        inner = core.box.open(sealed.data, version.arn)
        opened: dict[str, str] = json.loads(function_keys.opened(core, version, inner))
        return opened

    return open_variables


def opened(core: Core, record: Record) -> Mapping[str, str] | None:
    """None where none were ever given. Raises the KMS family."""
    return None if record.sealed is None else opener(core, record)()


def shown(core: Core, record: Record) -> Version:
    """The version with its variables, or with the reason why they cannot be read."""
    if record.sealed is None:
        return record.version
    try:
        return record.version._replace(variables=opened(core, record))
    except KMSRefusal as error:
        # The same, told to somebody who only looks; the fix has no member of its own in this document.
        reason = error.message.partition("KMS Message: ")[2] or error.message
        said = (
            "Lambda was unable to decrypt your environment variables because the KMS access was denied. "
            f"Please check your KMS permissions. KMS Exception: {error.code} KMS Message: {reason}"
        )
        return record.version._replace(variables_error=f"{said}; {error.hint}" if error.hint else said)
