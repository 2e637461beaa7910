"""Signature Version 4, made with the standard library alone: also by functions that have nothing else."""

from __future__ import annotations

import hashlib
import hmac
import time


def signed(
    method: str,
    target: str,
    host: str,
    keys: dict[str, str],
    body: bytes = b"",
    *,
    service: str = "lambda",
    region: str = "us-east-1",
) -> dict[str, str]:
    """Headers of a request whose path has nothing to encode; `keys` are called as in an environment."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {"host": host, "x-amz-date": moment}
    if "AWS_SESSION_TOKEN" in keys:
        headers["x-amz-security-token"] = keys["AWS_SESSION_TOKEN"]
    path, _, query = target.partition("?")
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    arguments = "&".join(sorted(query.split("&")))
    asked = "\n".join(
        [method, path.replace("%", "%25"), arguments, lines, names, hashlib.sha256(body).hexdigest()]
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    said = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    key = ("AWS4" + keys["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    proof = hmac.new(key, said.encode(), "sha256").hexdigest()
    credential = f"Credential={keys['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={proof}"
    return headers
