"""Runs inside the sandbox: AWS's own Python runtime, spoken to over an inherited socket.

A zygote imports this module, so that every environment starts with the runtime loaded; `run` is
called in the environment. Nothing here may import lamb: functions share the process with it.

Frames, big-endian:
    daemon → runtime   u32 length of head, u32 length of payload, head (JSON), payload
    runtime → daemon   kind (1 byte), request id (36 bytes), u32 peak memory in KiB,
                       u32 length of payload, payload
kinds: R ready for the first event · D result · E handler error · I init error
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import random
import socket
import struct
import sys
import time
from collections.abc import Mapping
from importlib import import_module, reload
from resource import RUSAGE_SELF, getrusage
from types import ModuleType
from typing import Any, NoReturn

import awslambdaric.__main__
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient, InvocationRequest
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

# What handlers import most: loaded once, shared by all environments.
for name in ("base64", "datetime", "hashlib", "re", "uuid", "zlib"):
    import_module(name)

_HEAD = struct.Struct("!II")
_FRAME = struct.Struct("!c36sII")
_NO_REQUEST = b" " * 36


class Marshaller(LambdaMarshaller):
    """AWS's, but for reading: without C parts, which fit one interpreter only, its simplejson would need
    16 times as long for a large event as the standard library's. The daemon lets nothing but JSON
    through, of which both make the same."""

    def unmarshal_request(self, request: bytes, content_type: str = "application/json") -> Any:
        try:
            return json.loads(request.decode())
        except (ValueError, RecursionError):  # AWS's words for it
            return super().unmarshal_request(request, content_type)


class SocketRuntimeClient(BaseLambdaRuntimeClient):
    """The Runtime API's verbs, each one frame. Signatures are those that AWS's bootstrap calls."""

    marshaller = Marshaller()

    def __init__(self, fd: int) -> None:
        super().__init__("")
        self._socket = socket.socket(fileno=fd)
        self._reader = self._socket.makefile("rb")
        self._announced = False

    def wait_next_invocation(self) -> InvocationRequest:
        if not self._announced:  # later on, an answer says as much
            self._announced = True
            self._send(b"R", _NO_REQUEST, b"")
        head_length, payload_length = _HEAD.unpack(self._read(8))
        head = json.loads(self._read(head_length))
        return InvocationRequest(
            invoke_id=head["id"],
            x_amzn_trace_id=head.get("trace"),
            invoked_function_arn=head["arn"],
            deadline_time_in_ms=head["deadline"],
            client_context=head.get("context"),
            cognito_identity=None,
            tenant_id=None,
            content_type="application/json",
            event_body=self._read(payload_length),
            invocation_id=None,
        )

    def post_invocation_result(
        self, invoke_id: str, result_data: str | bytes, *_: object, **__: object
    ) -> None:
        data = result_data if isinstance(result_data, bytes) else result_data.encode("utf-8")
        self._send(b"D", invoke_id.encode(), data)

    def post_invocation_error(
        self, invoke_id: str, error_response_data: str, *_: object, **__: object
    ) -> None:
        self._send(b"E", invoke_id.encode(), error_response_data.encode("utf-8"))

    def post_init_error(self, error_response_data: Mapping[str, Any], *_: object) -> None:
        self._send(b"I", _NO_REQUEST, json.dumps(error_response_data).encode("utf-8"))

    def _send(self, kind: bytes, request_id: bytes, payload: bytes) -> None:
        peak_kib = getrusage(RUSAGE_SELF).ru_maxrss
        self._socket.sendall(_FRAME.pack(kind, request_id, peak_kib, len(payload)) + payload)

    def _read(self, length: int) -> bytes:
        data = self._reader.read(length)
        if len(data) < length:  # the daemon closed its end
            os._exit(0)
        return data


def run(handler: str, environ: Mapping[str, str], fd: int, opt: str = "/opt") -> NoReturn:
    """Become the runtime of one environment, until the function's process shall end.

    `opt`: where its layers are.
    """
    _adopt(environ, opt)
    client = SocketRuntimeClient(fd)
    status = 0
    try:
        if "AWS_LAMBDA_LOG_FORMAT" in environ:
            reload(bootstrap)  # it reads format and level when it is imported
        _be_found()
        bootstrap.run(handler, client)
    except SystemExit as stop:
        status = _exit_status(stop.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    atexit._run_exitfuncs()  # noqa: SLF001 - os._exit leaves them out; a return would go to the zygote
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status)


def _adopt(environ: Mapping[str, str], opt: str) -> None:
    """Take on the function's environment variables, paths and randomness."""
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()  # the C library read the zygote's TZ
    task, runtime = environ["LAMBDA_TASK_ROOT"], environ["LAMBDA_RUNTIME_DIR"]
    os.chdir(task)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    given = [path for path in environ.get("PYTHONPATH", "").split(":") if path and path != runtime]
    standard = [path for path in sys.path if path != runtime]
    layers = [f"{opt}/python/lib/{version}/site-packages", f"{opt}/python"]
    sys.path[:] = [task, *given, *layers, runtime, *standard]
    sys.path_importer_cache.clear()
    sys.argv = [f"{runtime}/bootstrap.py"]
    random.seed()
    # Frames keep a log record of several lines one event; the daemon reads both from one pipe,
    # so that records and prints stay in the order they were written.
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(os.dup(1))


def _be_found() -> None:
    """Be what instrumentation (sentry-sdk and the like) looks for in AWS, and patches: `__main__` is
    the bootstrap.py that holds awslambdaric, and the client in use is its LambdaRuntimeClient."""
    main = ModuleType("__main__")
    vars(main)["awslambdaricmain"] = awslambdaric.__main__
    sys.modules["__main__"] = main
    vars(bootstrap)["LambdaRuntimeClient"] = SocketRuntimeClient
    # The walls are raised; a function's own `lamb` is not to be mistaken for ours.
    for name in [name for name in sys.modules if name.partition(".")[0] == "lamb"]:
        del sys.modules[name]


def _exit_status(code: object) -> int:
    """What the interpreter makes of the argument of sys.exit."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    sys.stderr.write(f"{code}\n")
    return 1
