"""`lamb _complete KIND [WORD [FUNCTION]]`: names for a shell's completion, one a line, in a few milliseconds.

Only a daemon that runs already is asked; nothing is printed when there is none.
"""

from __future__ import annotations

import sys


def complete(arguments: list[str]) -> int:
    """`references` are functions, and behind a colon the versions and aliases of one."""
    # A slip here must not garble the line that somebody is typing.
    try:
        sys.stdout.write("".join(f"{name}\n" for name in _candidates(*arguments)))
    except Exception:  # noqa: BLE001
        return 1
    return 0


def _candidates(kind: str, word: str = "", function: str = "") -> list[str]:
    from lamb.client.client import Client  # noqa: PLC0415 -- inside the net of `complete`
    from lamb.model import settings  # noqa: PLC0415 -- as above

    client = Client(settings.load().settings.home, settings.process_environment())
    if client.running() is None:
        return []
    name, colon, _ = word.rpartition(":")
    if kind == "references" and colon:
        qualifiers = client.complete("versions", name) + client.complete("aliases", name)
        found = [f"{name}:{qualifier}" for qualifier in qualifiers]
    elif kind == "references":
        found = client.complete("functions")
    else:
        found = client.complete(kind, function or None)
    return [candidate for candidate in found if candidate.startswith(word)]
