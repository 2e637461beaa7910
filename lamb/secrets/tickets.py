"""Links that carry their own permission: a path, the end of its validity, and a signature over both.

The key is a file beside the others, so that a link outlives the daemon that gave it. Losing it costs nothing
but links: a new one is made.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lamb.model.errors import LinkAltered, LinkExpired
from lamb.model.limits import LINK_VALID_S

_KEY_BYTES = 32


class Tickets:
    """Signs paths and checks them."""

    def __init__(self, file: Path | None = None, now_s: Callable[[], float] = time.time) -> None:
        """`file`: of the key, made when it is first needed; None, or where it cannot be made: links end with
        this process. `now_s`: seconds since the epoch; the machine's time, since links are for programs
        outside."""
        self._file = file
        self._now_s = now_s

    @functools.cached_property
    def _key(self) -> bytes:
        fresh = secrets.token_bytes(_KEY_BYTES)
        if self._file is None:
            return fresh
        try:
            kept = self._file.read_bytes() if self._file.exists() else b""
            if len(kept) == _KEY_BYTES:
                return kept
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            aside = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            aside.touch(mode=0o600)
            aside.write_bytes(fresh)
            aside.replace(self._file)
        except OSError:
            pass
        return fresh

    def sign(self, path: str) -> str:
        """The query that makes a link of this path, good for ten minutes."""
        expires = str(int(self._now_s()) + LINK_VALID_S)
        return f"Expires={expires}&Signature={self._signature(path, expires)}"

    def check(self, path: str, query: Mapping[str, str]) -> None:
        """Raises LinkAltered for anything that `sign` did not make, and LinkExpired."""
        expires, signature = query.get("Expires", ""), query.get("Signature", "")
        if not hmac.compare_digest(self._signature(path, expires).encode(), signature.encode()):
            raise LinkAltered
        if self._now_s() > int(expires):
            raise LinkExpired

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
