"""The network wall, for functions that ask for `none`: a network namespace with loopback only."""

from __future__ import annotations

import fcntl
import socket
import struct

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def raise_loopback() -> None:
    """Switch the loopback device of a new network namespace on, as AWS's environments have it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
