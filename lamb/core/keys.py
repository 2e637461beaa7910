"""The keys that seal environment variables."""

from __future__ import annotations

from typing import Any

from lamb.core.context import Core


def show(core: Core) -> dict[str, Any]:
    """Label → value, without any secret."""
    raise NotImplementedError


def rotate(core: Core) -> dict[str, Any]:
    """Make a new key and seal everything with it; what `show` says afterwards."""
    raise NotImplementedError
