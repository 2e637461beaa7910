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
import os
import socket
import struct
import sys
from importlib import reload
from resource import RUSAGE_SELF, getrusage

# The modules below are what handlers import most: loaded once, shared by all environments.
import base64  # noqa: F401
import datetime  # noqa: F401
import hashlib  # noqa: F401
import json
import random
import re  # noqa: F401
import uuid  # noqa: F401
import zlib  # noqa: F401

from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient, InvocationRequest

_HEAD = struct.Struct("!II")
_FRAME = struct.Struct("!c36sII")
_NO_REQUEST = b" " * 36


class SocketRuntimeClient(BaseLambdaRuntimeClient):
    """The Runtime API's verbs, each one frame."""

    def __init__(self, fd):
        super().__init__("")
        self._socket = socket.socket(fileno=fd)
        self._reader = self._socket.makefile("rb")
        self._announced = False

    def wait_next_invocation(self):
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
        self, invoke_id, result_data, content_type="application/json", invocation_id=None
    ):
        data = result_data if isinstance(result_data, bytes) else result_data.encode("utf-8")
        self._send(b"D", invoke_id.encode(), data)

    def post_invocation_error(self, invoke_id, error_response_data, xray_fault, invocation_id=None):
        self._send(b"E", invoke_id.encode(), error_response_data.encode("utf-8"))

    def post_init_error(self, error_response_data, error_type_override=None):
        self._send(b"I", _NO_REQUEST, json.dumps(error_response_data).encode("utf-8"))

    def _send(self, kind, request_id, payload):
        peak_kib = getrusage(RUSAGE_SELF).ru_maxrss
        self._socket.sendall(_FRAME.pack(kind, request_id, peak_kib, len(payload)) + payload)

    def _read(self, length):
        data = self._reader.read(length)
        if len(data) < length:  # the daemon closed its end
            os._exit(0)
        return data


def run(handler, environ, fd):
    """Become the runtime of one environment; returns only when the function's process shall end."""
    _adopt(environ)
    client = SocketRuntimeClient(fd)
    status = 0
    try:
        if "AWS_LAMBDA_LOG_FORMAT" in environ or "AWS_LAMBDA_LOG_LEVEL" in environ:
            reload(bootstrap)  # it reads both when it is imported
        bootstrap.run(handler, client)
    except SystemExit as stop:
        status = _exit_status(stop.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(status)


def _adopt(environ):
    """Take on the function's environment variables, paths and randomness."""
    coerced = os.environ.get("LC_CTYPE")
    os.environ.clear()
    os.environ.update(environ)
    if coerced and "LC_ALL" not in environ:
        os.environ.setdefault("LC_CTYPE", coerced)
    task, runtime = environ["LAMBDA_TASK_ROOT"], environ["LAMBDA_RUNTIME_DIR"]
    os.chdir(task)
    # -B was for the zygote; a function's child interpreters decide for themselves.
    sys.dont_write_bytecode = True
    version = "python%d.%d" % sys.version_info[:2]
    opt = environ.get("LAMBDA_OPT", "/opt")
    given = [path for path in environ.get("PYTHONPATH", "").split(":") if path and path != runtime]
    standard = [path for path in sys.path if path != runtime]
    sys.path[:] = [
        task, *given, f"{opt}/python/lib/{version}/site-packages", f"{opt}/python", runtime, *standard,
    ]  # fmt: skip
    sys.argv = [f"{runtime}/bootstrap.py"]
    sys.path_importer_cache.clear()
    random.seed()
    # Frames keep a log record of several lines one event; the daemon reads both from one pipe,
    # so that records and prints stay in the order they were written.
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(os.dup(1))


def _exit_status(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1
