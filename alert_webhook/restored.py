"""After a restored backup: what may have been told by the tables that are lost is looked up before it is told.

The backup knows nothing of what was told between it and the end of the lost tables, while Alertmanager repeats what
still fires. A notice of that time is `unknown`, with the reason `restored`, until the messages its recipient was sent
show whether it was told. A channel that cannot list them (mail) goes by the time until which people were told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, func, select, update

from alert_webhook.evidence import tells
from alert_webhook.message import Lister, Sent
from alert_webhook.notice import COLUMNS, Notice, from_row
from alert_webhook.payload import as_datetime
from alert_webhook.reasons import DeliveryError, Reason
from alert_webhook.transitions import set_notices
from alert_webhook.wording import Place
from inventory.outbox import NoticeState, notices
from inventory.registry.tables import restores

log = structlog.get_logger()

# So many people are looked up in one round; the others have their turn in the next.
BATCH = 20

# What a notice of that time is until it was looked up.
IN_DOUBT: dict[str, Any] = {"state": NoticeState.UNKNOWN, "reason": Reason.RESTORED}

_OPEN = (notices.c.state == NoticeState.UNKNOWN) & (notices.c.reason == Reason.RESTORED)


@dataclass(frozen=True, slots=True)
class Restored:
    """The last restoration. Unix seconds; `stopped_at` is None where nobody knew until when people were told."""

    stopped_at: float | None
    restored_at: float


def last_restored(connection: Connection) -> Restored | None:
    """When this database was restored; None where it never was."""
    found = connection.execute(select(restores.c.stopped_at, restores.c.restored_at)).first()
    return None if found is None else Restored(found.stopped_at, found.restored_at)


class Settler:
    """Finds out about the notices that are in doubt; `place` gives the names messages use."""

    def __init__(
        self, engine: Engine, listers: Mapping[str, Lister], place: Callable[[], Place], *, hold_resolved: bool
    ) -> None:
        self._engine = engine
        self._listers = listers
        self._place = place
        self._hold_resolved = hold_resolved

    def begin(self, now: float) -> None:
        """Let the time that mail waits before it takes over begin now, not when the backup was restored."""
        with self._engine.begin() as connection:
            connection.execute(update(notices).where(_OPEN).values(queued_at=now, due_at=now))

    def round(self, now: float) -> int:
        """Look up what is in doubt; returns how many notices were settled.

        The first look-up that fails ends the round: the next would wait for the same provider in vain.
        """
        settled = 0
        for who in self._whose():
            lister = self._listers.get(who.channel)
            try:
                since = as_datetime(who.earliest).timestamp() - 1  # providers' times are rounded
                sent = lister.sent(who.address, since) if lister is not None else None
            except DeliveryError as error:
                log.warning("cannot look up what was told before a restore", channel=who.channel, reason=error.reason)
                break
            settled += self._settle(who, sent, now)
        return settled

    def _whose(self) -> Sequence[Any]:
        """Those who have notices in doubt, and since when one of them may have been told (its alert's start)."""
        mine = (notices.c.channel, notices.c.recipient, notices.c.address)
        query = select(*mine, func.min(notices.c.starts_at).label("earliest")).where(_OPEN).group_by(*mine)
        with self._engine.begin() as connection:
            return connection.execute(query.limit(BATCH)).all()

    def _settle(self, who: Row[Any], sent: Sequence[Sent] | None, now: float) -> int:
        place = self._place()
        theirs = (notices.c.channel == who.channel) & (notices.c.recipient == who.recipient)
        query = select(*COLUMNS).where(_OPEN, theirs, notices.c.address == who.address).with_for_update()
        with self._engine.begin() as connection:
            found = [from_row(row) for row in connection.execute(query).all()]
            restored = last_restored(connection)
            told = {notice.id for notice in found if _was_told(notice, sent, restored, place)}
            set_notices(connection, told, state=NoticeState.ACCEPTED, finished_at=now)
            for notice in found:
                if notice.id not in told:
                    set_notices(connection, [notice.id], **self._anew(notice, now))
        log.info("looked up what was told before a restore", channel=who.channel, told=len(told), of=len(found))
        return len(found)

    def _anew(self, notice: Notice, now: float) -> dict[str, Any]:
        held = notice.alert.status == "resolved" and self._hold_resolved
        state = NoticeState.HELD if held else NoticeState.PENDING
        return {"state": state, "reason": None, "queued_at": now, "due_at": now}


def _was_told(notice: Notice, sent: Sequence[Sent] | None, restored: Restored | None, place: Place) -> bool:
    if sent is not None:
        return any(tells(each, notice, place) for each in sent)
    until = restored.stopped_at if restored is not None else None
    return until is not None and notice.alert.happened < until
