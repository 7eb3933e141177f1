"""Leases of lanes: at any time one thread of one process sends to a recipient on a channel."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select, update

from alert_webhook.reasons import Reason
from alert_webhook.transitions import mark_unknown, send_again
from inventory.outbox import MessageState, NoticeState, lanes, messages, notices

# Longer than any attempt to send takes: each notifier bounds it as a whole, with all it connects to.
LEASE_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One recipient on one channel."""

    channel: str
    recipient: str


class Leases:
    """The lanes this process may hold, under a name no other process has."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        pid = str(os.getpid())
        self._owner = f"{_machine()}|{pid}|{_started(pid)}|{uuid.uuid4().hex[:8]}"

    def claim(self, limit: int, now: float) -> list[Lane]:
        """Lease up to `limit` lanes where something is due, those with the gravest alert first."""
        due = and_(
            notices.c.channel == lanes.c.channel,
            notices.c.recipient == lanes.c.recipient,
            notices.c.state == NoticeState.PENDING,
            notices.c.due_at <= now,
        )
        gravest = select(func.min(notices.c.rank)).where(due).correlate(lanes).scalar_subquery()
        wanted = (
            select(lanes.c.channel, lanes.c.recipient)
            .where(lanes.c.lease_owner.is_(None), lanes.c.next_at <= now)
            .where(select(notices.c.id).where(due).correlate(lanes).exists())
            .order_by(gravest, lanes.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=lanes)
        )
        with self._engine.begin() as connection:
            claimed = [Lane(*row) for row in connection.execute(wanted)]
            for lane in claimed:
                self._set(connection, lane, owner=self._owner, until=now + LEASE_SECONDS)
        return claimed

    def release(self, lane: Lane, next_at: float) -> None:
        """Give the lane back; the next message goes from `next_at` on. Nothing happens if the lease was lost."""
        with self._engine.begin() as connection:
            ours = _is(lane) & (lanes.c.lease_owner == self._owner)
            values = {"lease_owner": None, "lease_until": 0.0, "next_at": next_at}
            connection.execute(update(lanes).where(ours).values(**values))

    def recover(self, now: float) -> None:
        """Take over what a process left that was killed in the middle.

        Its WhatsApp messages may have been sent: they become unknown and are looked up. A mail is sent again,
        under the same Message-ID, which mail programs show once.
        """
        held = select(lanes).where(lanes.c.lease_owner.is_not(None))
        with self._engine.begin() as connection:
            for row in connection.execute(held.with_for_update(skip_locked=True)).all():
                if row.lease_until <= now or (row.lease_owner != self._owner and _is_dead(row.lease_owner)):
                    lane = Lane(row.channel, row.recipient)
                    of_lane = (messages.c.channel == lane.channel) & (messages.c.recipient == lane.recipient)
                    _recover_messages(connection, of_lane, now)
                    self._set(connection, lane, owner=None, until=0.0)
            # And what was sent while the database could not take down how it ended.
            _recover_messages(connection, messages.c.posted_at < now - LEASE_SECONDS, now)

    @staticmethod
    def _set(connection: Connection, lane: Lane, *, owner: str | None, until: float) -> None:
        connection.execute(update(lanes).where(_is(lane)).values(lease_owner=owner, lease_until=until))


def _is(lane: Lane) -> ColumnElement[bool]:
    return and_(lanes.c.channel == lane.channel, lanes.c.recipient == lane.recipient)


def _recover_messages(connection: Connection, which: ColumnElement[bool], now: float) -> None:
    sending = select(messages.c.id, messages.c.channel).where(which, messages.c.state == MessageState.SENDING)
    for message, channel in connection.execute(sending).all():
        if channel == "whatsapp":
            mark_unknown(connection, message, check_at=now)
        else:
            send_again(connection, message, Reason.UNKNOWN, due_at=now, now=now)


def _machine() -> str:
    """This machine and process space: only within it can a process number be looked up."""
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # no Linux: leases simply run out
        space = uuid.uuid4().int
    return f"{socket.gethostname()}/{space}"


def _started(pid: str) -> str | None:
    """When the process of that number started, in clock ticks since boot; None when there is none.

    Field 22 of /proc/PID/stat (proc(5)), counted from behind the program's name, which may hold anything.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _is_dead(owner: str) -> bool:
    """Whether that owner was a process of this machine that is gone; numbers are used again, start times not."""
    machine, _, rest = owner.partition("|")
    pid, started, _ = (*rest.split("|"), "", "", "")[:3]
    return machine == _machine() and pid.isdigit() and _started(pid) != started
