"""Keeps the registry's history of alerts beside the outbox; never stands in the way of a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from alert_webhook.payload import Alert, as_datetime
from inventory.registry import alert_log
from inventory.registry.alert_log import Reported

log = structlog.get_logger()

Result = TypeVar("Result")

# Alertmanager tells an end within minutes; where it was away for a quarter of an hour it has forgotten the alert.
_LOST_AFTER = 900.0

# Old alerts are deleted so many at a time, since nobody else writes meanwhile, and so many times in one round.
_PRUNED_AT_ONCE, _PRUNINGS = 500, 10


class History:
    """The history of alerts. Without its tables, or when it fails, that is logged and people are told all the same."""

    def __init__(self, engine: Engine, *, hold_resolved: bool, keep: float) -> None:
        """With `hold_resolved` an end counts only when it is confirmed; `keep` is in seconds, from an alert's end."""
        self.engine = engine
        self._hold_resolved = hold_resolved
        self._keep = keep
        self._missing = False
        self._still_firing: set[int] = set()
        self._missed: dict[int, float] = {}  # by alert, since when Prometheus does not report it

    def note(self, connection: Connection, alerts: Iterable[Alert], now: float) -> None:
        """Write `alerts` down, within the caller's transaction."""
        reported = [_reported(alert, now) for alert in alerts]
        if reported:
            self._attempt(connection, partial(alert_log.note, reported=reported, confirmed=not self._hold_resolved))

    def confirm(self, fires: Callable[[Mapping[str, str]], bool], now: float) -> None:
        """End what was said to be over and, by `fires`, is. Raises SQLAlchemyError without a database."""
        confirm = partial(alert_log.confirm, fires=fires, already=self._still_firing, now=now)
        with self.engine.begin() as connection:
            self._still_firing = self._attempt(connection, confirm) or set()

    def end_lost(self, over: Callable[[Mapping[str, str]], bool], now: float) -> None:
        """End the alerts that are `over` and whose end was lost on the way: seen so twice, `_LOST_AFTER` apart.

        Raises SQLAlchemyError without a database.
        """
        with self.engine.begin() as connection:
            unended = self._attempt(connection, partial(alert_log.unended_since, before=now - _LOST_AFTER)) or {}
            gone = {each for each, labels in unended.items() if over(labels)}
            self._missed = {each: self._missed.get(each, now) for each in gone}
            lost = {each: now for each, since in self._missed.items() if now - since >= _LOST_AFTER}
            self._attempt(connection, partial(alert_log.end, ends=lost))

    def believe(self, now: float) -> None:
        """End what waited for a confirmation nobody asks for any more. Raises SQLAlchemyError as `confirm`."""
        self.confirm(lambda _: False, now)

    def prune(self, now: float) -> None:
        """Delete alerts that ended too long ago; what is left of them the next round takes.

        Raises SQLAlchemyError without a database.
        """
        step = partial(alert_log.prune, before=now - self._keep, limit=_PRUNED_AT_ONCE)
        for _ in range(_PRUNINGS):
            with self.engine.begin() as connection:
                if (self._attempt(connection, step) or 0) < _PRUNED_AT_ONCE:
                    return

    def waits(self) -> bool:
        """Whether an end waits to be confirmed. Raises SQLAlchemyError when the database does not answer."""
        with self.engine.connect().execution_options(backhaul_read_only=True) as connection, connection.begin():
            return bool(self._attempt(connection, alert_log.any_unconfirmed))

    def _attempt(self, connection: Connection, step: Callable[[Connection], Result]) -> Result | None:
        """Do `step` so that what it breaks is undone alone; logged when it begins to fail and when it works again."""
        try:
            with connection.begin_nested():
                result = step(connection)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            if not self._missing:
                log.warning("the alert history is not written; is the database migrated?", error=type(error).__name__)
            self._missing = True
            return None
        if self._missing:
            log.info("the alert history is written again")
        self._missing = False
        return result


def _reported(alert: Alert, now: float) -> Reported:
    ended = None
    if alert.status == "resolved":
        ended = as_datetime(alert.ends_at).timestamp() if alert.ends_at else now
    started = as_datetime(alert.starts_at).timestamp()
    return Reported(
        alert.fingerprint,
        alert.starts_at,
        started,
        ended,
        alert.name,
        alert.severity,
        alert.labels,
        alert.annotations,
    )
