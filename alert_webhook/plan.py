"""Decides what becomes of the notices that are due for one recipient: pure, so that every rule can be read here.

The rules, for somebody woken at 3 a.m.: what is over before it was told is not told; an end is told only to who
heard the beginning; the circuits behind a dead device are one message, not forty; old news is a dead letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from alert_webhook.notice import Notice
from alert_webhook.reasons import Reason
from inventory.outbox import NoticeState

# A notice nobody could be given within an hour is not news any more; Alertmanager repeats what still fires.
STALE_AFTER = 3600.0

# A device takes its circuits with it within this, seconds, before or after its own alert begins: that needs two failed
# scrapes, a circuit's three pings. What breaks later has a cause of its own.
FOLD_WITHIN = 120.0

Key = tuple[str, str]

_TOLD = {NoticeState.ACCEPTED, NoticeState.DELIVERED}
_UNDER_WAY = {NoticeState.SENDING, NoticeState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Related:
    """What the outbox holds for the same recipient beside the due notices.

    `firing`: the states, over all channels, of the "firing" notices of an alert. `over`: alerts whose end is
    confirmed. `devices_down`: (isp, device) the recipient was told of and that are not over, with when each of the
    alerts that say so began (Unix seconds).
    """

    firing: Mapping[Key, AbstractSet[NoticeState]] = field(default_factory=dict)
    over: AbstractSet[Key] = frozenset()
    devices_down: Mapping[tuple[str, str], Sequence[float]] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """Every due notice is in exactly one of these, in the order it is to be told."""

    send: list[Notice] = field(default_factory=list)
    fold: list[Notice] = field(default_factory=list)
    wait: list[Notice] = field(default_factory=list)
    stale: list[Notice] = field(default_factory=list)
    cancel: list[tuple[Notice, Reason]] = field(default_factory=list)


def decide(due: Sequence[Notice], related: Related, now: float) -> Plan:
    """Sort the due notices of one recipient into what is sent now and what is not."""
    plan = Plan()
    for notice in sorted(due, key=_order):
        if notice.alert.status == "resolved":
            _decide_resolved(notice, related, now, plan)
        else:
            _decide_firing(notice, related, now, plan)
    _fold(plan, related)
    return plan


def _order(notice: Notice) -> tuple[bool, int, int]:
    return notice.alert.status == "resolved", notice.rank, notice.id


def _decide_firing(notice: Notice, related: Related, now: float, plan: Plan) -> None:
    if notice.key in related.over:
        plan.cancel.append((notice, Reason.OVERTAKEN))
    elif now - notice.queued_at > STALE_AFTER:
        plan.stale.append(notice)
    else:
        plan.send.append(notice)


def _decide_resolved(notice: Notice, related: Related, now: float, plan: Plan) -> None:
    states = related.firing.get(notice.key, frozenset())
    if states & _TOLD:
        (plan.stale if now - notice.queued_at > STALE_AFTER else plan.send).append(notice)
    elif states & _UNDER_WAY:
        plan.wait.append(notice)
    else:
        plan.cancel.append((notice, Reason.NEVER_TOLD))


def _fold(plan: Plan, related: Related) -> None:
    """Move the circuits that are told with their device from `send` to `fold`; a tenant's own circuit stays."""
    telling = {notice.device for notice in plan.send if notice.is_device_down}
    operators = [notice for notice in plan.send if notice.is_circuit_down and notice.role == "operator"]
    plan.fold = [notice for notice in operators if notice.device in telling or _fell_with(notice, related)]
    folded = {notice.id for notice in plan.fold}
    plan.send = [notice for notice in plan.send if notice.id not in folded]


def _fell_with(circuit: Notice, related: Related) -> bool:
    """Whether it went down when the device it hangs on did, of which its recipient knows."""
    began = related.devices_down.get(circuit.device, ())
    return any(abs(circuit.alert.happened - device) <= FOLD_WITHIN for device in began)
