from __future__ import annotations
from pathlib import Path


class Keyring:
    @classmethod
    def open(cls, path: Path) -> Keyring:
        raise NotImplementedError
