"""What the tests that run the real program stand on: users, homes, and what must be gone afterwards.

The program is always the real one, in a home of its own, as a process of its own. Nothing here imports lamb.
"""

from harness.machine import adopt_orphans, children, wait_gone
from harness.program import LIVING, Completed, Lamb, Served
from harness.users import UNMAPPED, User, ourselves
from harness.workshop import CHECKOUT, Workshop

__all__ = [
    "CHECKOUT",
    "LIVING",
    "UNMAPPED",
    "Completed",
    "Lamb",
    "Served",
    "User",
    "Workshop",
    "adopt_orphans",
    "children",
    "ourselves",
    "wait_gone",
]
