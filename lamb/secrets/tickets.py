"""Links that carry their own permission: a path, the end of its validity, and a signature over both.

The key is made when the daemon starts and is written nowhere: no link outlives the daemon that gave it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping

from lamb.model.errors import LinkAltered, LinkExpired
from lamb.model.limits import LINK_VALID_S


class Tickets:
    """Signs paths and checks them."""

    def __init__(self, now_s: Callable[[], float] = time.time) -> None:
        """`now_s`: seconds since the epoch; the machine's time, since links are for programs outside."""
        self._key = secrets.token_bytes(32)
        self._now_s = now_s

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
