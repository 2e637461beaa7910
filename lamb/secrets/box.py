from __future__ import annotations
from lamb.secrets.keyring import Keyring


class Box:
    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
