"""Turns what is due in a leased lane into one message, and records what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.orm import aliased

from alert_webhook.lanes import Lane
from alert_webhook.message import Message
from alert_webhook.notice import COLUMNS, DEVICE_DOWN, Notice, from_row
from alert_webhook.plan import Plan, Related, decide
from alert_webhook.reasons import DeliveryError, Reason
from alert_webhook.transitions import (
    accept,
    fail_message,
    finish,
    give_up,
    mark_unknown,
    send_again,
    set_notices,
    unfold,
)
from inventory.outbox import MessageState, NoticeState, messages, notices

# One digest takes at most so many notices; the rest goes into the next one.
MAX_NOTICES = 20_000

# A "resolved" whose "firing" is just being sent is looked at again after this.
WAIT_SECONDS = 1.0

# So long after a device went down its circuits are told one by one again, seconds: its end may have got lost on the way
# (Alertmanager forgets alerts when it is away for a quarter of an hour), and must not silence them for ever.
FOLD_FOR = 86_400.0

# An unknown message is looked up first after this: the provider's list is a moment behind.
FIRST_CHECK_AFTER = 2.0

Compose = Callable[[str, Lane, Sequence[Notice], Sequence[Notice]], Message]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a lane has to send, None when nothing, and how often it was tried; the dead letters by channel."""

    message: Message | None
    attempts: int = 0
    dead: dict[str, int] = field(default_factory=dict)


class Deliveries:
    """The outbox as the sender sees it; `compose` words a message."""

    def __init__(self, engine: Engine, compose: Compose) -> None:
        self._engine = engine
        self._compose = compose

    def prepare(self, lane: Lane, now: float) -> Prepared:
        """Decide on everything due in `lane` and write down what is about to be sent, before it is sent."""
        with self._engine.begin() as connection:
            plan = decide(_due(connection, lane, now), _related(connection, lane, now), now)
            dead = _settle(connection, lane, plan, now)
            if not plan.send:
                return Prepared(None, dead=dead)
            message = self._compose(uuid.uuid4().hex, lane, plan.send, plan.fold)
            _write(connection, lane, message, plan.send, now)
            told = {"state": NoticeState.SENDING, "message_id": message.id}
            set_notices(connection, [notice.id for notice in plan.send], **told)
        return Prepared(message, max(notice.attempts for notice in plan.send), dead)

    def accepted(self, message: str, provider_id: str, now: float) -> list[float]:
        """The provider took it: returns since when each notice had been waiting."""
        with self._engine.begin() as connection:
            return accept(connection, message, provider_id, now)

    def unknown(self, message: str, now: float) -> None:
        """Whether the provider took it is not known."""
        with self._engine.begin() as connection:
            mark_unknown(connection, message, check_at=now + FIRST_CHECK_AFTER)

    def again(self, message: str, reason: Reason, delay: float, now: float) -> None:
        """The provider did not take it; its notices are due again in `delay` seconds."""
        with self._engine.begin() as connection:
            send_again(connection, message, reason, now + delay, now)

    def refused(self, message: str, error: DeliveryError, now: float) -> dict[str, int]:
        """The provider will never take it: mail takes over, or dead letters, whose number by channel is returned."""
        with self._engine.begin() as connection:
            fail_message(connection, message, error.reason, now)
            mine = (notices.c.message_id == message) & (notices.c.state == NoticeState.SENDING)
            rows = connection.execute(select(notices).where(mine).with_for_update()).all()
            return give_up(connection, rows, error.reason, now)


def _due(connection: Connection, lane: Lane, now: float) -> list[Notice]:
    mine = (notices.c.channel == lane.channel) & (notices.c.recipient == lane.recipient)
    pending = select(*COLUMNS).where(mine, notices.c.state == NoticeState.PENDING, notices.c.due_at <= now)
    ordered = pending.order_by(notices.c.rank, notices.c.id).limit(MAX_NOTICES).with_for_update()
    return [from_row(row) for row in connection.execute(ordered).all()]


def _related(connection: Connection, lane: Lane, now: float) -> Related:
    due, other = aliased(notices), aliased(notices)
    same = (
        (other.c.recipient == due.c.recipient)
        & (other.c.fingerprint == due.c.fingerprint)
        & (other.c.starts_at == due.c.starts_at)
    )
    found = connection.execute(
        select(other.c.fingerprint, other.c.starts_at, other.c.status, other.c.state)
        .join(due, same)
        .where(due.c.channel == lane.channel, due.c.recipient == lane.recipient)
        .where(due.c.state == NoticeState.PENDING, due.c.due_at <= now)
    )
    firing: dict[tuple[str, str], set[NoticeState]] = {}
    over: set[tuple[str, str]] = set()
    for fingerprint, starts_at, status, state in found:
        if status == "firing":
            firing.setdefault((fingerprint, starts_at), set()).add(NoticeState(state))
        elif state != NoticeState.HELD:
            over.add((fingerprint, starts_at))
    return Related(firing, over, _devices_down(connection, lane, now))


def _devices_down(connection: Connection, lane: Lane, now: float) -> set[tuple[str, str]]:
    down, end = aliased(notices), aliased(notices)
    ended = select(end.c.id).where(
        end.c.recipient == down.c.recipient,
        end.c.fingerprint == down.c.fingerprint,
        end.c.starts_at == down.c.starts_at,
        end.c.status == "resolved",
        end.c.state != NoticeState.HELD,
    )
    told = (NoticeState.SENDING, NoticeState.UNKNOWN, NoticeState.ACCEPTED, NoticeState.DELIVERED)
    rows = connection.execute(
        select(down.c.isp, down.c.device)
        .where(down.c.alertname == DEVICE_DOWN, down.c.status == "firing", down.c.recipient == lane.recipient)
        .where(down.c.state.in_(told), down.c.device.is_not(None), down.c.received_at > now - FOLD_FOR, ~ended.exists())
    )
    return {(isp or "", device) for isp, device in rows}


def _settle(connection: Connection, lane: Lane, plan: Plan, now: float) -> dict[str, int]:
    """Write down everything of the plan that is not sent; returns the dead letters by channel."""
    finish(connection, [notice.id for notice in plan.fold], NoticeState.FOLDED, Reason.FOLDED, now)
    for reason in (Reason.OVERTAKEN, Reason.NEVER_TOLD):
        ended = [notice.id for notice, why in plan.cancel if why is reason]
        finish(connection, ended, NoticeState.CANCELLED, reason, now)
    set_notices(connection, [notice.id for notice in plan.wait], due_at=now + WAIT_SECONDS)
    finish(connection, [notice.id for notice in plan.stale], NoticeState.DEAD, Reason.EXPIRED, now)
    for notice in plan.stale:
        if notice.alert.name == DEVICE_DOWN:
            unfold(connection, lane.recipient, notice.device[0] or None, notice.device[1], due=now)
    return {lane.channel: len(plan.stale)} if plan.stale else {}


def _write(connection: Connection, lane: Lane, message: Message, told: Sequence[Notice], now: float) -> None:
    isps = {notice.isp for notice in told}
    row = {
        "id": message.id,
        "channel": lane.channel,
        "recipient": lane.recipient,
        "address": message.address,
        "isp": isps.pop() if len(isps) == 1 else None,
        "subject": message.subject,
        "body": message.body,
        "state": MessageState.SENDING,
        "posted_at": now,
        "check_at": now,
    }
    connection.execute(insert(messages), row)
