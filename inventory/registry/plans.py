"""What a circuit's tenant bought, and since when: added to, never changed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, ScalarSelect, func, insert, select

from inventory.models import BitsPerSecond, Circuit, Committed
from inventory.registry.audit import Actor
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, isps, plans

# Two changes within the clock's resolution, or with a clock set back between them, still follow each other.
_NEXT_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """One entry of the history: in force from `valid_from` (Unix seconds) until the next one."""

    committed: Committed
    valid_from: float
    set_by: str


def plan_at(tx: Transaction, circuit: str, when: float) -> Committed | None:
    """What was bought at `when` (Unix seconds); None before the first plan, or where the scope sees no such circuit."""
    query = select(plans).where(tx.visible(plans), plans.c.circuit == circuit, plans.c.valid_from <= when)
    row = tx.connection.execute(query.order_by(plans.c.valid_from.desc()).limit(1)).mappings().first()
    return None if row is None else committed_of(row)


def plan_history(tx: Transaction, circuit: str) -> list[Plan]:
    """All plans the circuit ever had, oldest first."""
    query = select(plans).where(tx.visible(plans), plans.c.circuit == circuit).order_by(plans.c.valid_from)
    return [
        Plan(committed_of(row), row["valid_from"], row["set_by"]) for row in tx.connection.execute(query).mappings()
    ]


def begin_plan(tx: Transaction, isp: str, circuit: Circuit, actor: Actor) -> None:
    """Let what `circuit` says be in force: the first plan since its service began, if that is past; others now."""
    latest = select(func.max(plans.c.valid_from)).where(tx.visible(plans), plans.c.circuit == circuit.id)
    last = tx.connection.execute(latest).scalar_one()
    if last is None:
        add_first_plans(tx, isp, [circuit], actor)
        return
    tx.connection.execute(insert(plans).values(_row(isp, circuit, max(time.time(), last + _NEXT_SECONDS), actor)))


def begin_earlier(tx: Transaction, isp: str, circuit: Circuit, actor: Actor) -> None:
    """Where service began before the first plan, as a correction may say, let what was bought first count from then."""
    first = plan_history(tx, circuit.id)[0]
    began = _service_began(circuit, _zone(tx, isp))
    if began is not None and began < first.valid_from:
        tx.connection.execute(
            insert(plans).values(_row(isp, replace(circuit, committed=first.committed), began, actor))
        )


def add_first_plans(tx: Transaction, isp: str, new: Iterable[Circuit], actor: Actor) -> None:
    """Begin the history of circuits that have none."""
    zone = _zone(tx, isp)
    now = time.time()
    rows = [_row(isp, circuit, min(now, _service_began(circuit, zone) or now), actor) for circuit in new]
    if rows:
        tx.connection.execute(insert(plans), rows)


def _zone(tx: Transaction, isp: str) -> ZoneInfo:
    return ZoneInfo(tx.connection.execute(select(isps.c.timezone).where(isps.c.isp == isp)).scalar_one())


def _row(isp: str, circuit: Circuit, valid_from: float, actor: Actor) -> dict[str, Any]:
    return {
        "isp": isp,
        "tenant": circuit.tenant,
        "circuit": circuit.id,
        "download_bps": circuit.committed.download,
        "upload_bps": circuit.committed.upload,
        "valid_from": valid_from,
        "set_by": actor.name[:254],
    }


def last_plan() -> ScalarSelect[float]:
    """The beginning of the plan in force, for queries over `circuits`: none is ever written ahead of its time."""
    latest = select(func.max(plans.c.valid_from)).where(plans.c.circuit == circuits.c.circuit)
    return latest.correlate(circuits).scalar_subquery()  # the query around it has plans of its own


def committed_of(row: RowMapping) -> Committed:
    """The commitment of a row that has the columns of a plan."""
    return Committed(BitsPerSecond(row["download_bps"]), BitsPerSecond(row["upload_bps"]))


def _service_began(circuit: Circuit, zone: ZoneInfo) -> float | None:
    if circuit.active.first is None:
        return None
    try:
        return datetime.combine(circuit.active.first, time_of_day(), zone).timestamp()
    except (OverflowError, ValueError):  # a day at the end of the calendar
        return None
