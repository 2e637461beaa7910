"""The database of one home."""
from __future__ import annotations
from lamb.model.clock import Clock


class Database:
    def __init__(self, url: str, clock: Clock) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
