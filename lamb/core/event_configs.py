"""Event invoke configs: how a function, version or alias takes asynchronous events."""

from __future__ import annotations

from lamb.core import destinations, found, pages
from lamb.core.context import Core
from lamb.model.errors import InvalidParameterValue, ResourceNotFound, ValidationFailure
from lamb.model.events import EventPlan
from lamb.model.limits import EVENT_AGE_MAX_S, EVENT_AGE_S, EVENT_RETRIES_MAX
from lamb.model.names import LATEST, Reference
from lamb.model.requests import EventInvokeConfig, Page
from lamb.model.retry import RetryPolicy
from lamb.store import event_configs as rows
from lamb.store import functions, versions
from lamb.store.database import Tx
from lamb.store.functions import FunctionRow

_NOBODY = "The function doesn't exist."


def put(core: Core, ref: Reference, wanted: EventInvokeConfig) -> EventInvokeConfig:
    """Replace everything: what is not given is the default again.

    Raises ResourceNotFound, ValidationFailure, InvalidParameterValue.
    """
    with core.database.transaction() as tx:
        function = _qualified(tx, ref)
        _refuse_unusable(core, tx, ref, wanted)
        stored = wanted._replace(
            on_success=wanted.on_success or None,
            on_failure=wanted.on_failure or None,
            last_modified_ms=tx.now_ms,
        )
        rows.put(tx, function.id, stored)
    core.changed(ref.key)
    return stored


def update(core: Core, ref: Reference, wanted: EventInvokeConfig) -> EventInvokeConfig:
    """Change what is given. Raises as `put`, and ResourceNotFound where there is no config."""
    with core.database.transaction() as tx:
        function = _qualified(tx, ref)
        before = _there(tx, function, ref)
        _refuse_unusable(core, tx, ref, wanted)
        given = {
            name: value
            for name in ("retries", "max_age_s", "on_success", "on_failure")
            if (value := getattr(wanted, name)) is not None
        }
        stored = before._replace(**given, last_modified_ms=tx.now_ms)
        stored = stored._replace(on_success=stored.on_success or None, on_failure=stored.on_failure or None)
        rows.put(tx, function.id, stored)
    core.changed(ref.key)
    return stored


def get(core: Core, ref: Reference) -> EventInvokeConfig:
    """Raises ResourceNotFound."""
    with core.database.reading() as tx:
        return _there(tx, functions.find(tx, ref.key), ref)


def list_configs(core: Core, ref: Reference, page: Page) -> tuple[list[EventInvokeConfig], str | None]:
    """By qualifier, with the NextMarker. Raises ResourceNotFound."""
    (after,) = pages.start(page, [""])
    with core.database.reading() as tx:
        function = functions.find(tx, ref.key)
        if function is None:
            raise ResourceNotFound(_NOBODY)
        configs = rows.page(tx, function.id, after, pages.size(page) + 1)
    return pages.cut(configs, page, lambda config: [config.qualifier])


def delete(core: Core, ref: Reference) -> None:
    """Raises ResourceNotFound."""
    with core.database.transaction() as tx:
        function = functions.find(tx, ref.key)
        _there(tx, function, ref)
        if function is not None:
            rows.delete(tx, function.id, _label(ref))
    core.changed(ref.key)


def plan(core: Core, tx: Tx, function_id: int, qualifier: str | None) -> EventPlan:
    """How events for this reference are taken: by the config of its own qualifier alone, else by default."""
    config = rows.find(tx, function_id, qualifier or LATEST)
    if config is None:
        return EventPlan(RetryPolicy(base_s=core.retry_base_s))
    policy = RetryPolicy(
        retries=EVENT_RETRIES_MAX if config.retries is None else config.retries,
        max_age_s=EVENT_AGE_MAX_S if config.max_age_s is None else config.max_age_s,
        base_s=core.retry_base_s,
    )
    return EventPlan(policy, config.on_success, config.on_failure)


def _label(ref: Reference) -> str:
    return ref.qualifier or LATEST


def _qualified(tx: Tx, ref: Reference) -> FunctionRow:
    """The function of a reference whose version or alias is there."""
    function = functions.find(tx, ref.key)
    label = _label(ref)
    number = found.number_of(label)
    if function is None:
        raise ResourceNotFound(_NOBODY)
    if number is None:
        there = found.alias(tx, function, label) is not None
    else:
        there = versions.find(tx, ref.key, number) is not None
    if not there:
        raise ResourceNotFound(_NOBODY)
    return function


def _there(tx: Tx, function: FunctionRow | None, ref: Reference) -> EventInvokeConfig:
    """AWS says the same of a function without a config and of none at all."""
    config = None if function is None else rows.find(tx, function.id, _label(ref))
    if config is None:
        raise ResourceNotFound(f"The function {ref.effective_arn} doesn't have an EventInvokeConfig")
    return config


def _refuse_unusable(core: Core, tx: Tx, ref: Reference, wanted: EventInvokeConfig) -> None:
    given = (wanted.retries, wanted.max_age_s, wanted.on_success, wanted.on_failure)
    if given == (None, None, None, None):
        raise InvalidParameterValue("You must specify at least one of error handling or destination setting.")
    _refuse_numbers(wanted)
    for member, arn in (("onSuccess", wanted.on_success), ("onFailure", wanted.on_failure)):
        if arn:
            destinations.refuse_unusable(core, tx, ref.key, member, arn)


def _refuse_numbers(wanted: EventInvokeConfig) -> None:
    """The shape's constraints again, for callers that come past it."""
    bounds = {
        "maximumRetryAttempts": (wanted.retries, 0, EVENT_RETRIES_MAX),
        "maximumEventAgeInSeconds": (wanted.max_age_s, EVENT_AGE_S[0], EVENT_AGE_S[-1]),
    }
    violations = []
    for member, (value, least, most) in bounds.items():
        if value is not None and not least <= value <= most:
            relation, bound = ("greater", least) if value < least else ("less", most)
            violations.append(
                f"Value '{value}' at '{member}' failed to satisfy constraint: "
                f"Member must have value {relation} than or equal to {bound}"
            )
    if violations:
        raise ValidationFailure(*violations)
