"""What Twilio reports about a message after accepting it: the signature checked, the order not trusted.

https://www.twilio.com/docs/messaging/guides/track-outbound-message-status: callbacks may arrive out of order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select, update
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # twilio ships no types

from alert_webhook.notifiers.twilio_codes import reason_of
from alert_webhook.transitions import accept, fail_message, give_up
from inventory.outbox import MessageState, NoticeState, messages, notices
from inventory.secrets import Secret

# How far a message has come; a report of an earlier stage says nothing new.
_STAGES = ("scheduled", "accepted", "queued", "sending", "sent", "delivered", "read")
_ARRIVED = {"delivered", "read"}
_FAILED = {"failed", "undelivered", "canceled"}


@dataclass(frozen=True, slots=True)
class Report:
    """One status callback. `message` is our id, from the URL; `sid` Twilio's."""

    message: str
    sid: str
    status: str
    error_code: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a report changed: notices it proved accepted (waiting since then), and dead letters by channel."""

    accepted: list[float]
    dead: dict[str, int]


def is_from_twilio(token: Secret, url: str, form: Mapping[str, str], signature: str) -> bool:
    """Whether `signature` (X-Twilio-Signature) is that of this form posted to this public URL."""
    valid: bool = RequestValidator(token.reveal()).validate(url, form, signature)
    return valid


def read_report(message: str, form: Mapping[str, str]) -> Report | None:
    """The report in a form; None when it is of no message or status we know."""
    sid, status, code = form.get("MessageSid", ""), form.get("MessageStatus", ""), form.get("ErrorCode", "")
    if not sid or len(sid) > 64 or status not in {*_STAGES, *_FAILED}:
        return None
    return Report(message, sid, status, int(code) if code.isascii() and code.isdigit() else None)


def record(engine: Engine, report: Report, now: float) -> Effect:
    """Write the report down; mail takes over where WhatsApp failed."""
    with engine.begin() as connection:
        row = connection.execute(select(messages).where(messages.c.id == report.message).with_for_update()).first()
        if (
            row is None
            or (row.provider_id not in {None, report.sid})
            or not _is_news(row.provider_status, report.status)
        ):
            return Effect([], {})
        # Whatever it says, it proves that Twilio has the message: an answer that was lost is lost no more.
        accepted = accept(connection, report.message, report.sid, now)
        seen = {"provider_status": report.status, "provider_id": report.sid}
        connection.execute(update(messages).where(messages.c.id == report.message).values(**seen))
        return Effect(accepted, _apply(connection, report, now))


def _is_news(known: str | None, status: str) -> bool:
    """Stages only go forward; a failure is not undone but by the proof that it arrived, and never follows one."""
    if known is None:
        return True
    if status in _FAILED:
        return known not in _FAILED and known not in _ARRIVED
    if known in _FAILED:
        return status in _ARRIVED
    return _STAGES.index(status) > _STAGES.index(known)


def _apply(connection: Connection, report: Report, now: float) -> dict[str, int]:
    carried = notices.c.message_id == report.message
    if report.status in _FAILED:
        reason = reason_of(report.error_code)
        fail_message(connection, report.message, reason, now)
        mine = carried & (notices.c.state == NoticeState.ACCEPTED)
        rows = connection.execute(select(notices).where(mine).with_for_update()).all()
        return give_up(connection, rows, reason, now)
    if report.status in _ARRIVED:
        arrived = {"state": MessageState.DELIVERED, "reason": None, "finished_at": now}
        connection.execute(update(messages).where(messages.c.id == report.message).values(**arrived))
        landed = {"state": NoticeState.DELIVERED, "reason": None, "finished_at": now}
        undecided = notices.c.state.in_((NoticeState.ACCEPTED, NoticeState.FAILED, NoticeState.DEAD))
        connection.execute(update(notices).where(carried, undecided).values(**landed))
    return {}
