"""What time alone brings about: WhatsApp gives way to mail, old rows go, a clock that was put back harms nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, delete, func, select, update

from alert_webhook.plan import STALE_AFTER
from alert_webhook.reasons import Reason
from alert_webhook.transitions import give_up, hand_to_mail
from inventory.outbox import MessageState, NoticeState, lanes, messages, notices, quarantine

# What WhatsApp has not accepted by then goes by mail, seconds.
FALLBACK_AFTER = 30.0

DAY = 86_400.0
# The delivery log covers a quarter and a month to look into it; what was not understood, a month.
KEEP_NOTICES = 120 * DAY
KEEP_QUARANTINE = 30 * DAY

# More than anything waits for.
LONGEST_WAIT = 2 * STALE_AFTER

_OPEN = (NoticeState.PENDING, NoticeState.SENDING, NoticeState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits now: notices by channel, and since when the oldest (Unix seconds, None when nothing waits)."""

    pending: dict[str, int]
    oldest: float | None


class Sweeps:
    """Statements over the whole outbox, each one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def fall_back(self, now: float) -> dict[str, int]:
        """Hand to mail what WhatsApp has not accepted in time; what is unknown stays to be looked up.

        Without a mail address, or when it is old news by now, it stays until it is found to be stale.
        Returns the dead letters by channel.
        """
        late = and_(
            notices.c.queued_at.between(now - STALE_AFTER, now - FALLBACK_AFTER),
            notices.c.fallback_address.is_not(None),
        )
        pending = and_(notices.c.state == NoticeState.PENDING, late)
        unknown = and_(notices.c.state == NoticeState.UNKNOWN, late, notices.c.fell_back.is_(False))
        stale = and_(notices.c.state == NoticeState.UNKNOWN, notices.c.queued_at < now - STALE_AFTER)
        with self._engine.begin() as connection:
            hand_to_mail(connection, _free(connection, unknown), now)
            give_up(connection, _free(connection, pending), Reason.TIMEOUT, now)
            return give_up(connection, _free(connection, stale), Reason.UNKNOWN, now)

    def mend_times(self, now: float) -> None:
        """Forget waits that end later than any we ever set: the clock was put back since, by hours or more."""
        never = now + LONGEST_WAIT
        with self._engine.begin() as connection:
            connection.execute(update(lanes).where(lanes.c.next_at > never).values(next_at=now))
            late = notices.c.state.in_(_OPEN) & (notices.c.due_at > never)
            connection.execute(update(notices).where(late).values(queued_at=now, due_at=now))
            asked = messages.c.state.in_((MessageState.SENDING, MessageState.UNKNOWN)) & (messages.c.check_at > never)
            connection.execute(update(messages).where(asked).values(posted_at=now, check_at=now))

    def release_held(self, now: float) -> None:
        """Let every "resolved" go that waited for a confirmation nobody asks for any more."""
        pending = {"state": NoticeState.PENDING, "queued_at": now, "due_at": now}
        with self._engine.begin() as connection:
            connection.execute(update(notices).where(notices.c.state == NoticeState.HELD).values(**pending))

    def prune(self, now: float) -> None:
        """Delete what ended long ago, whatever its end was."""
        old = notices.c.received_at < now - KEEP_NOTICES
        with self._engine.begin() as connection:
            connection.execute(delete(notices).where(old, notices.c.state.not_in(_OPEN)))
            connection.execute(delete(messages).where(messages.c.posted_at < now - KEEP_NOTICES))
            connection.execute(delete(quarantine).where(quarantine.c.received_at < now - KEEP_QUARANTINE))

    def backlog(self, now: float) -> Backlog:
        """What is due and not accepted yet. What mail took over counts there, not here."""
        waiting = and_(notices.c.state.in_(_OPEN), notices.c.fell_back.is_(False), notices.c.queued_at <= now)
        counted = (
            select(notices.c.channel, func.count(), func.min(notices.c.queued_at))
            .where(waiting)
            .group_by(notices.c.channel)
        )
        # Whoever asks for the metrics neither waits for those who write, nor they for him.
        with self._engine.connect().execution_options(backhaul_read_only=True) as connection, connection.begin():
            rows = connection.execute(counted).all()
        return Backlog({row[0]: row[1] for row in rows}, min((row[2] for row in rows), default=None))


def _free(connection: Connection, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Those rows, but for the ones another transaction is busy with: they have their turn in the next sweep."""
    return connection.execute(select(notices).where(which).with_for_update(skip_locked=True)).all()
