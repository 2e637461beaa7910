"""A function that does what its event says: the tests send it their attacks as source."""

import ctypes
import errno
import os

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number, *arguments):
    """Make a system call by number; OSError as Python's own calls raise it."""
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    _libc.syscall.restype = ctypes.c_long
    result = _libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def outcome(attack, *arguments):
    """The name of the error that refuses an attack, "done" where nothing does."""
    try:
        attack(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    except ValueError as error:  # how `resource` and `signal` tell what the kernel refused
        return str(error)
    return "done"


def in_memory(head, tail_reversed):
    """Where this process has `head` followed by the tail in its memory. Nothing here puts them together."""
    found = []
    head, tail_reversed = head.encode(), tail_reversed.encode()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            first, last = (int(word, 16) for word in line.split()[0].split("-"))
            try:
                memory.seek(first)
                data = memory.read(last - first)
            except (OSError, ValueError, OverflowError):  # not readable, or not memory at all
                continue
            at = data.find(head)
            while at >= 0:
                at += len(head)
                if data[at : at + len(tail_reversed)][::-1] == tail_reversed:
                    found.append(line.split()[-1])
                at = data.find(head, at)
    return found


def handler(event, context):
    space = {"syscall": syscall, "outcome": outcome, "in_memory": in_memory, "context": context}
    exec(event["source"], space)
    return space[event["attack"]](*event["arguments"])
