"""Finds out about messages whose answer was lost, by asking the provider; never sends on suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine, select, update

from alert_webhook.message import Finder, reference
from alert_webhook.reasons import DeliveryError, Reason
from alert_webhook.transitions import accept, send_again
from inventory.outbox import MessageState, messages

log = structlog.get_logger()

# A message the provider does not list this long after we posted it was never taken: longer than a request
# may take (20 s in all), so that none can still be on its way.
SETTLED_AFTER = 21.0

CHECK_EVERY = 3.0

# As many are looked up in one round; the others have their turn in the next.
BATCH = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One message that turned out to be accepted: its channel, and since when its notices had waited."""

    channel: str
    waiting_since: list[float]


class Reconciler:
    """Looks up unknown messages with the finder of their channel."""

    def __init__(self, engine: Engine, finders: Mapping[str, Finder]) -> None:
        self._engine = engine
        self._finders = finders

    def round(self, now: float) -> list[Found]:
        """Look up what is due; returns what was found at the provider.

        The first look-up that fails ends the round: the next would wait for the same provider in vain.
        """
        unknown = (messages.c.state == MessageState.UNKNOWN) & (messages.c.check_at <= now)
        with self._engine.begin() as connection:
            rows = connection.execute(select(messages).where(unknown).order_by(messages.c.check_at).limit(BATCH)).all()
        found: list[Found] = []
        for row in rows:
            try:
                provider_id = self._finders[row.channel].find(row.address, reference(row.id))
            except DeliveryError as error:
                log.warning("cannot look up a message", message=row.id, channel=row.channel, reason=error.reason)
                self._check_later(row.id, now)
                break
            if provider_id is not None:
                with self._engine.begin() as connection:
                    found.append(Found(row.channel, accept(connection, row.id, provider_id, now)))
            elif now - row.posted_at < SETTLED_AFTER:
                self._check_later(row.id, now)
            else:
                with self._engine.begin() as connection:
                    send_again(connection, row.id, Reason.UNKNOWN, due_at=now, now=now)
        return found

    def _check_later(self, message: str, now: float) -> None:
        still = (messages.c.id == message) & (messages.c.state == MessageState.UNKNOWN)
        with self._engine.begin() as connection:
            connection.execute(update(messages).where(still).values(check_at=now + CHECK_EVERY))
