"""The client's words for reserved and provisioned concurrency."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamb.client.session import Session
from lamb.client.transport import query, quote

Document = dict[str, Any]

_RESERVED = "/2017-10-31/functions"
_PROVISIONED = "/2019-09-30/functions"


class Concurrency:
    """Every method raises the classes of lamb.model.errors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def reserved(self, name: str) -> int | None:
        """GetFunctionConcurrency; None where nothing is reserved."""
        document = self._session.json("GET", f"{_PROVISIONED}/{quote(name)}/concurrency")
        amount: int | None = document.get("ReservedConcurrentExecutions")
        return amount

    def reserve(self, name: str, amount: int) -> Document:
        """PutFunctionConcurrency; 0 stops the function."""
        body = {"ReservedConcurrentExecutions": amount}
        return self._session.json("PUT", f"{_RESERVED}/{quote(name)}/concurrency", body)

    def unreserve(self, name: str) -> None:
        """DeleteFunctionConcurrency."""
        self._session.request("DELETE", f"{_RESERVED}/{quote(name)}/concurrency")

    def provisions(self, name: str) -> Iterator[Document]:
        """ListProvisionedConcurrencyConfigs, page after page."""
        target = f"{_PROVISIONED}/{quote(name)}/provisioned-concurrency"
        return self._session.pages(target, "ProvisionedConcurrencyConfigs", {"List": "ALL"})

    def provisioned(self, name: str, qualifier: str) -> Document:
        """GetProvisionedConcurrencyConfig."""
        return self._session.json("GET", _provisioned(name, qualifier))

    def provision(self, name: str, qualifier: str, amount: int) -> Document:
        """PutProvisionedConcurrencyConfig: the answer is IN_PROGRESS."""
        body = {"ProvisionedConcurrentExecutions": amount}
        return self._session.json("PUT", _provisioned(name, qualifier), body)

    def unprovision(self, name: str, qualifier: str) -> None:
        """DeleteProvisionedConcurrencyConfig."""
        self._session.request("DELETE", _provisioned(name, qualifier))

    def until_provisioned(self, name: str, qualifier: str, timeout_s: float) -> Document:
        """`provisioned` as soon as it is READY or FAILED, or as it is after `timeout_s` (60 at the most)."""
        wait = query({"timeout_ms": str(round(timeout_s * 1000))})
        written = quote(f"{name}:{qualifier}")
        return self._session.json("GET", f"/_lamb/functions/{written}/provisioned{wait}")


def _provisioned(name: str, qualifier: str) -> str:
    return f"{_PROVISIONED}/{quote(name)}/provisioned-concurrency{query({'Qualifier': qualifier})}"
