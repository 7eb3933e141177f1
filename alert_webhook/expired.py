"""Gives what expired while nobody could be told, and still fires, another life: an alert without an end is news."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine, select
from sqlalchemy.orm import aliased

from alert_webhook.reasons import Reason
from alert_webhook.transitions import ANOTHER_LIFE, set_notices
from inventory.outbox import NoticeState, notices


def revive_expired(engine: Engine, fires: Callable[[Mapping[str, str]], bool], now: float) -> int:
    """Make expired dead letters due again whose alert, by its labels, `fires`; returns how many.

    Not where the recipient has a notice of the same alert that began later: that one is told. Raises SQLAlchemyError.
    """
    later = aliased(notices)
    began_again = select(later.c.id).where(
        later.c.fingerprint == notices.c.fingerprint,
        later.c.recipient == notices.c.recipient,
        later.c.starts_at > notices.c.starts_at,
    )
    expired = (notices.c.state == NoticeState.DEAD) & (notices.c.reason == Reason.EXPIRED)
    firing = select(notices.c.id, notices.c.alert).where(expired, notices.c.status == "firing", ~began_again.exists())
    with engine.begin() as connection:
        rows = connection.execute(firing.with_for_update(skip_locked=True, of=notices)).all()
        again = [row.id for row in rows if fires(row.alert["labels"])]
        set_notices(connection, again, **ANOTHER_LIFE, queued_at=now, due_at=now)
    return len(again)
