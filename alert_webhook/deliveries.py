"""Turns what is due in a leased lane into one message, and records what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, Exists, FromClause, insert, select
from sqlalchemy.orm import aliased

from alert_webhook.lanes import Lane
from alert_webhook.message import Message
from alert_webhook.notice import COLUMNS, DEVICE_DOWN, Notice, from_row
from alert_webhook.payload import as_datetime
from alert_webhook.plan import Plan, Related, decide
from alert_webhook.reasons import DeliveryError, Reason
from alert_webhook.transitions import (
    UNFOLD_AFTER,
    accept,
    fail_message,
    finish,
    give_up,
    mark_unknown,
    send_again,
    set_notices,
    unfold,
)
from alert_webhook.wordable import worded
from inventory.outbox import MessageState, NoticeState, messages, notices

# One digest takes at most so many notices; the rest goes into the next one.
MAX_NOTICES = 20_000

# A "resolved" whose "firing" is just being sent is looked at again after this.
WAIT_SECONDS = 1.0

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
            folded = _folded(connection, plan.send)
            message, wordless = worded(plan.send, lambda told: self._compose(uuid.uuid4().hex, lane, told, folded))
            dead[lane.channel] += _bury(connection, lane, wordless, Reason.UNWORDABLE, now)
            if message is None:
                return Prepared(None, dead=dead)
            sent = [notice for notice in plan.send if notice not in wordless]
            _write(connection, lane, message, sent, now)
            told = {"state": NoticeState.SENDING, "message_id": message.id}
            set_notices(connection, [notice.id for notice in sent], **told)
        return Prepared(message, max(notice.attempts for notice in sent), dead)

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
    return Related(firing, over, _devices_down(connection, lane))


def _devices_down(connection: Connection, lane: Lane) -> dict[tuple[str, str], list[float]]:
    down = aliased(notices)
    told = (NoticeState.SENDING, NoticeState.UNKNOWN, NoticeState.ACCEPTED, NoticeState.DELIVERED)
    rows = connection.execute(
        select(down.c.isp, down.c.device, down.c.starts_at)
        .where(down.c.alertname == DEVICE_DOWN, down.c.status == "firing", down.c.recipient == lane.recipient)
        .where(down.c.state.in_(told), down.c.device.is_not(None), ~_is_over(down))
    )
    began: dict[tuple[str, str], list[float]] = {}
    for isp, device, starts_at in rows:
        began.setdefault((isp or "", device), []).append(as_datetime(starts_at).timestamp())
    return began


def _folded(connection: Connection, told: Sequence[Notice]) -> list[Notice]:
    """The circuits that the devices among `told` speak for, also those folded at an earlier try; not what is over."""
    devices = [notice.id for notice in told if notice.is_device_down]
    if not devices:
        return []
    down = aliased(notices)
    behind = select(down.c.id).where(
        down.c.id.in_(devices),
        down.c.recipient == notices.c.recipient,
        down.c.device == notices.c.device,
        down.c.isp.is_not_distinct_from(notices.c.isp),
        # What an outage before this one folded, and whose end got lost, is not of this one.
        down.c.received_at <= notices.c.finished_at,
    )
    folded = select(*COLUMNS).where(notices.c.state == NoticeState.FOLDED, behind.exists(), ~_is_over(notices))
    return [from_row(row) for row in connection.execute(folded.order_by(notices.c.rank, notices.c.id))]


def _is_over(notice: FromClause) -> Exists:
    """Whether the end of that alert is confirmed."""
    end = aliased(notices)
    same = (
        (end.c.recipient == notice.c.recipient)
        & (end.c.fingerprint == notice.c.fingerprint)
        & (end.c.starts_at == notice.c.starts_at)
    )
    ended = (end.c.status == "resolved") & (end.c.state != NoticeState.HELD)
    return select(end.c.id).where(same, ended).exists()


def _settle(connection: Connection, lane: Lane, plan: Plan, now: float) -> dict[str, int]:
    """Write down everything of the plan that is not sent; returns the dead letters by channel."""
    finish(connection, [notice.id for notice in plan.fold], NoticeState.FOLDED, Reason.FOLDED, now)
    for reason in (Reason.OVERTAKEN, Reason.NEVER_TOLD):
        ended = [notice.id for notice, why in plan.cancel if why is reason]
        finish(connection, ended, NoticeState.CANCELLED, reason, now)
    set_notices(connection, [notice.id for notice in plan.wait], due_at=now + WAIT_SECONDS)
    # Where the device is back its circuits may be as well.
    _unfold(connection, lane, [notice for notice, _ in plan.cancel], now + UNFOLD_AFTER)
    return {lane.channel: _bury(connection, lane, plan.stale, Reason.EXPIRED, now)}


def _bury(connection: Connection, lane: Lane, dead: Sequence[Notice], reason: Reason, now: float) -> int:
    """Give these notices up on every channel; returns how many they are."""
    finish(connection, [notice.id for notice in dead], NoticeState.DEAD, reason, now)
    _unfold(connection, lane, dead, now)
    return len(dead)


def _unfold(connection: Connection, lane: Lane, silent: Sequence[Notice], due: float) -> None:
    """Let circuits be told by themselves, from `due` on, whose device was to speak for them and is not told."""
    for notice in silent:
        if notice.alert.name == DEVICE_DOWN:
            unfold(connection, lane.recipient, notice.device[0] or None, notice.device[1], due)


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
