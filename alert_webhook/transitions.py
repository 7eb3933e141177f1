"""How notices and messages change state: each function one step, within the caller's transaction.

Every step says which states it starts from, so that a late callback or a lost lease cannot turn history back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, update

from alert_webhook.notice import DEVICE_DOWN
from alert_webhook.reasons import Reason
from inventory.outbox import MessageState, NoticeState, messages, notices
from inventory.outbox_entry import add_notices

# After a device is back its circuits get this long to answer; those still down are then told one by one.
UNFOLD_AFTER = 60.0

_UNDER_WAY = (NoticeState.SENDING, NoticeState.UNKNOWN)
_UNANSWERED = (MessageState.SENDING, MessageState.UNKNOWN)

# What a dead letter becomes that is tried again; it is queued and due anew.
ANOTHER_LIFE: dict[str, Any] = {"state": NoticeState.PENDING, "reason": None, "attempts": 0, "finished_at": None}

_KEPT_IN_MAIL = {
    "fingerprint",
    "starts_at",
    "status",
    "recipient",
    "language",
    "role",
    "rank",
    "alertname",
    "isp",
    "tenant",
    "device",
    "alert",
    "received_at",
}

_FOR_UNFOLDING = (
    notices.c.queued_at,
    notices.c.alertname,
    notices.c.status,
    notices.c.recipient,
    notices.c.isp,
    notices.c.device,
)


def set_notices(connection: Connection, ids: Iterable[int], **values: Any) -> None:
    """Give the notices of these ids new values; the caller holds their lane or their rows."""
    rows = [{"notice": notice} for notice in ids]
    if rows:
        connection.execute(update(notices).where(notices.c.id == bindparam("notice")).values(**values), rows)


def release(connection: Connection, ids: Iterable[int], now: float) -> None:
    """Let held notices go; one that another process released meanwhile stays as it is."""
    rows = [{"notice": notice} for notice in ids]
    if rows:
        held = (notices.c.id == bindparam("notice")) & (notices.c.state == NoticeState.HELD)
        pending = {"state": NoticeState.PENDING, "queued_at": now, "due_at": now}
        connection.execute(update(notices).where(held).values(**pending), rows)


def finish(connection: Connection, ids: Iterable[int], state: NoticeState, reason: Reason, now: float) -> None:
    """End notices that were not sent, saying why."""
    set_notices(connection, ids, state=state, reason=reason, finished_at=now)


def accept(connection: Connection, message: str, provider_id: str, now: float) -> list[float]:
    """The provider has the message: returns since when each of its notices had been waiting.

    Safe to call twice: the callback and the answer may both say so.
    """
    waiting = (notices.c.message_id == message) & notices.c.state.in_(_UNDER_WAY)
    connection.execute(
        update(messages)
        .where(messages.c.id == message, messages.c.state.in_(_UNANSWERED))
        .values(state=MessageState.ACCEPTED, provider_id=provider_id, reason=None)
    )
    accepted = {"state": NoticeState.ACCEPTED, "reason": None, "finished_at": now}
    # RETURNING counts each notice once, also when the answer and the callback are handled at the same moment.
    changed = update(notices).where(waiting).values(**accepted).returning(*_FOR_UNFOLDING)
    rows = connection.execute(changed).all()
    for row in rows:
        if row.alertname == DEVICE_DOWN and row.status == "resolved":
            unfold(connection, row.recipient, row.isp, row.device, due=now + UNFOLD_AFTER)
    return [row.queued_at for row in rows]


def unfold(connection: Connection, recipient: str, isp: str | None, device: str, due: float) -> None:
    """Tell the circuits folded into a device's message one by one, from `due` on, if they are not over by then."""
    folded = (notices.c.state == NoticeState.FOLDED) & (notices.c.recipient == recipient)
    same = (notices.c.device == device) & (notices.c.isp.is_not_distinct_from(isp))
    connection.execute(
        update(notices)
        .where(folded, same)
        .values(state=NoticeState.PENDING, reason=None, finished_at=None, queued_at=due, due_at=due)
    )


def mark_unknown(connection: Connection, message: str, check_at: float) -> None:
    """The answer was lost: the message is looked up from `check_at` on, and not sent again before."""
    connection.execute(
        update(messages)
        .where(messages.c.id == message, messages.c.state == MessageState.SENDING)
        .values(state=MessageState.UNKNOWN, reason=Reason.UNKNOWN, check_at=check_at)
    )
    connection.execute(
        update(notices)
        .where(notices.c.message_id == message, notices.c.state == NoticeState.SENDING)
        .values(state=NoticeState.UNKNOWN, reason=Reason.UNKNOWN)
    )


def send_again(connection: Connection, message: str, reason: Reason, due_at: float, now: float) -> None:
    """The provider does not have the message: its notices are due again; those mail took over end here."""
    unanswered = (messages.c.id == message) & messages.c.state.in_(_UNANSWERED)
    connection.execute(update(messages).where(unanswered).values(**_failed(reason, now)))
    under_way = (notices.c.message_id == message) & notices.c.state.in_(_UNDER_WAY)
    connection.execute(
        update(notices)
        .where(under_way, notices.c.fell_back)
        .values(state=NoticeState.FAILED, reason=reason, finished_at=now)
    )
    connection.execute(
        update(notices)
        .where(under_way)
        .values(state=NoticeState.PENDING, reason=reason, due_at=due_at, attempts=notices.c.attempts + 1)
    )


def fail_message(connection: Connection, message: str, reason: Reason, now: float) -> None:
    """The message did not get through."""
    connection.execute(update(messages).where(messages.c.id == message).values(**_failed(reason, now)))


def _failed(reason: Reason, now: float) -> dict[str, Any]:
    return {"state": MessageState.FAILED, "reason": reason, "finished_at": now}


def give_up(connection: Connection, rows: Sequence[Row[Any]], reason: Reason, now: float) -> dict[str, int]:
    """These notices (whole rows, locked) will not be told on their channel: mail takes over where there is an address.

    Returns how many became dead letters, by channel.
    """
    taken_over = [row for row in rows if row.fallback_address is not None and row.channel != "email"]
    hand_to_mail(connection, [row for row in taken_over if not row.fell_back], now)
    finish(connection, [row.id for row in taken_over], NoticeState.FAILED, reason, now)
    kept = {row.id for row in taken_over}
    dead = [row for row in rows if row.id not in kept]
    finish(connection, [row.id for row in dead], NoticeState.DEAD, reason, now)
    for row in dead:
        if row.alertname == DEVICE_DOWN:  # what was to speak for its circuits was not heard
            unfold(connection, row.recipient, row.isp, row.device, due=now)
    return dict(Counter(row.channel for row in dead))


def hand_to_mail(connection: Connection, rows: Sequence[Row[Any]], now: float) -> None:
    """Queue the same notices for the contacts' mail addresses, once."""
    if rows:
        add_notices(connection, [_as_mail(row, now) for row in rows])
        set_notices(connection, [row.id for row in rows], fell_back=True)


def _as_mail(row: Row[Any], now: float) -> dict[str, Any]:
    mail = {name: value for name, value in row._asdict().items() if name in _KEPT_IN_MAIL}
    mail |= {"channel": "email", "address": row.fallback_address, "fallback_address": None}
    return mail | {"state": NoticeState.PENDING, "queued_at": now, "due_at": now}
