"""Reserved concurrency, and what of the account's concurrency is set aside in all (SEMANTICS §25)."""

from __future__ import annotations

from lamb.core import found
from lamb.core.context import Core
from lamb.model.concurrency import Allotment
from lamb.model.errors import InvalidParameterValue
from lamb.model.limits import UNRESERVED_MIN
from lamb.model.names import FunctionKey, Place, Reference
from lamb.store import aliases, functions, provisioned
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow, Usage
from lamb.store.provisioned import Provision


def put(core: Core, ref: Reference, reserved: int) -> int:
    """Set a function's reserved concurrency; 0 stops it. What is reserved then.

    Raises ResourceNotFound, and InvalidParameterValue for a version or an alias, for less than is provisioned
    and for more than the account can spare.
    """
    found.refuse_qualified(ref)
    with core.database.transaction() as tx:
        function = found.function(tx, ref.key, ref.effective_arn)
        needed = sum(row.requested for row in provisioned.of(tx, function.id))
        if reserved < needed:
            # The blanks are AWS's.
            raise InvalidParameterValue(
                f" ReservedConcurrentExecutions  {reserved} should not be lower than "
                f"function's total provisioned concurrency [{needed}].",
                typed=False,
            )
        held = needed if function.reserved_concurrency is None else function.reserved_concurrency
        refuse_too_much(core, tx, ref.key, reserved - held, "ReservedConcurrentExecutions")
        functions.set_reserved(tx, function.id, reserved)
    announce(core, ref.key)
    return reserved


def get(core: Core, ref: Reference) -> int | None:
    """None where nothing is reserved. Raises ResourceNotFound, InvalidParameterValue for a qualified name."""
    found.refuse_qualified(ref)
    with core.database.reading() as tx:
        return found.function(tx, ref.key).reserved_concurrency


def delete(core: Core, ref: Reference) -> None:
    """Give the reservation back to the account. Raises as `get`; one that is not there is no error."""
    found.refuse_qualified(ref)
    with core.database.transaction() as tx:
        functions.set_reserved(tx, found.function(tx, ref.key).id, None)
    announce(core, ref.key)


# ------------------------------------------------------------------ the account


def unreserved(core: Core, usage: Usage) -> int:
    """What functions without a reservation share; less than nothing in an account made smaller since."""
    return core.account_concurrency - usage.reserved_concurrency - usage.provisioned_concurrency


def refuse_too_much(core: Core, tx: Tx, key: FunctionKey, growth: int, member: str) -> None:
    """Raise InvalidParameterValue if setting aside `growth` more would leave the others too little.

    Who gives some back may always do so: an account may have been made smaller since.
    """
    # An account that has less than AWS's minimum can spare nothing (recorded: "[10]" in an account of 10).
    least = min(UNRESERVED_MIN, core.account_concurrency)
    left = unreserved(core, functions.usage(tx, Place(key.account, key.region))) - growth
    if growth > 0 and left < least:
        raise InvalidParameterValue(
            f"Specified {member} for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{least}].",
            typed=False,
        )


# ------------------------------------------------------------------ what holds


def allotments(core: Core) -> list[Allotment]:
    """Everything that is set aside in this home, for a daemon that starts."""
    with core.database.reading() as tx:
        return [_allotment(tx, function) for function in functions.with_concurrency(tx)]


def announce(core: Core, key: FunctionKey) -> None:
    """After a commit: tell whoever runs functions what is set aside for this one now."""
    # Read again, one announcement after the other: the last one tells of the last commit.
    with core.announcing:
        with core.database.reading() as tx:
            function = functions.find(tx, key)
            allotment = Allotment(key) if function is None else _allotment(tx, function)
        core.allotted(allotment)


def provisions(tx: Tx, function: FunctionRow) -> list[tuple[Provision, str]]:
    """The provisioned concurrency of a function's versions and aliases, each with the version it is for."""
    paired = []
    for row in provisioned.of(tx, function.id):
        alias = aliases.find(tx, function, row.qualifier)
        paired.append((row, row.qualifier if alias is None else alias.version))
    return paired


def _allotment(tx: Tx, function: FunctionRow) -> Allotment:
    amounts = {version: row.requested for row, version in provisions(tx, function)}
    return Allotment(function.key, function.reserved_concurrency, amounts)
