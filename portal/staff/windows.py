"""What the pages of maintenance work with: a month of days, windows that overlap, and the form a window stands in."""

from __future__ import annotations

import calendar
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from inventory.entries import EntryErrors, read_maintenance
from inventory.models import Maintenance
from inventory.registry.pages import MOST_PER_PAGE
from inventory.registry.scope import Transaction
from inventory.registry.tables import circuits, tenants
from inventory.registry.windows import MaintenanceRow, list_maintenance
from portal.announced import too_late
from portal.api.known import known_members

_TIMES = ("starts", "ends", "approved_at")
_TYPED = "%Y-%m-%dT%H:%M"  # what <input type="datetime-local"> holds


@dataclass(frozen=True, slots=True)
class Day:
    """A square of the calendar: its date, whether it is of the month that is shown, and what is open on it."""

    date: date
    of_month: bool
    windows: Sequence[MaintenanceRow]


@dataclass(frozen=True, slots=True)
class Month:
    """A month in the isp's time zone, in whole weeks from Monday on."""

    first: date
    days: Sequence[Day]
    before: date  # a day of each of its neighbours
    after: date


def month_span(first: date, zone: ZoneInfo) -> tuple[float, float]:
    """Unix seconds from the first to after the last day the calendar of that month shows."""
    shown = _dates(first)
    begin = datetime.combine(shown[0], time(), zone)
    return begin.timestamp(), datetime.combine(shown[-1] + timedelta(days=1), time(), zone).timestamp()


def month_of(first: date, rows: Sequence[MaintenanceRow], zone: ZoneInfo) -> Month:
    """The month that begins on `first`, with `rows` on their days."""
    days = [
        Day(each, each.month == first.month, [row for row in rows if _is_on(row, each, zone)]) for each in _dates(first)
    ]
    return Month(first, days, first - timedelta(days=1), first + timedelta(days=31))


def asked_month(text: str, today: date) -> date:
    """The first day of the month (YYYY-MM) in `text`, or of this one."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if 1970 < found.year < 9999 else today.replace(day=1)


def clashes(rows: Iterable[MaintenanceRow]) -> Mapping[str, list[str]]:
    """By id of a window, the ids of those that are open at the same time on the same circuit or link."""
    found: dict[str, list[str]] = {}
    by_start = sorted(rows, key=lambda row: row.maintenance.starts)
    for index, row in enumerate(by_start):
        for other in by_start[index + 1 :]:
            if other.maintenance.starts >= row.maintenance.ends:
                break
            if shared(row.maintenance, other.maintenance):
                found.setdefault(row.maintenance.id, []).append(other.maintenance.id)
                found.setdefault(other.maintenance.id, []).append(row.maintenance.id)
    return found


def shared(one: Maintenance, other: Maintenance) -> set[str]:
    """The circuits and links that both are about."""
    return {*one.circuits} & {*other.circuits} | {*one.links} & {*other.links}


def overlapping(tx: Transaction, window: Maintenance) -> list[Maintenance]:
    """Other windows that are open at the same time on the same circuit or link."""
    since, until = window.starts.timestamp(), window.ends.timestamp()
    rows = list_maintenance(tx, since=since, until=until, per_page=MOST_PER_PAGE).items
    return [row.maintenance for row in rows if row.maintenance.id != window.id and shared(row.maintenance, window)]


def entry(window: Maintenance) -> dict[str, Any]:
    """The fields of its form. When it was approved is asked anew: a change counts as approved when it is made."""
    return {
        "id": window.id,
        "circuits": list(window.circuits),
        "links": list(window.links),
        "starts": f"{window.starts:{_TYPED}}",
        "ends": f"{window.ends:{_TYPED}}",
        "approved_by": window.approved_by,
        "reason": window.reason,
    }


def read(tx: Transaction, mapping: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> Maintenance:
    """The window of a form, its times in `zone`; approved now unless it says when. Raises EntryErrors."""
    whole = {
        "id": f"mw-{now.astimezone(zone):%Y%m%d}-{secrets.token_hex(2)}",
        "approved_at": _now(now, zone),
        **mapping,
    }
    whole |= {name: _with_offset(str(whole[name]), zone) for name in _TIMES if name in whole}
    late = too_late(_moment(str(whole.get("starts", ""))), _moment(str(whole["approved_at"])), now)
    try:
        window = read_maintenance(whole, known_members(tx, mapping.get("circuits"), mapping.get("links")))
    except EntryErrors as wrong:
        named = {error.field for error in late}
        others = [error for error in wrong.errors if not (named and error.field == "approved_at")]
        raise EntryErrors([*late, *others]) from None
    if late:
        raise EntryErrors(late)
    return window


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def circuit_names(tx: Transaction, chosen: Sequence[str]) -> dict[str, str]:
    """What people call these circuits, with whose they are."""
    query = select(circuits.c.circuit, circuits.c.name, tenants.c.name.label("whose"))
    query = query.join(tenants, tenants.c.tenant == circuits.c.tenant).where(tx.visible(circuits))
    rows = tx.connection.execute(query.where(circuits.c.circuit.in_(chosen)))
    return {row.circuit: f"{row.name}, {row.whose}" for row in rows}


def _now(now: datetime, zone: ZoneInfo) -> str:
    return now.astimezone(zone).isoformat()


def _with_offset(text: str, zone: ZoneInfo) -> str:
    """A time as a browser's field gives it, with the offset it has in `zone`; anything else as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if found.tzinfo else found.replace(tzinfo=zone).isoformat(timespec="seconds")


def _dates(first: date) -> list[date]:
    return list(calendar.Calendar().itermonthdates(first.year, first.month))


def _is_on(row: MaintenanceRow, day: date, zone: ZoneInfo) -> bool:
    begin = datetime.combine(day, time(), zone)
    return row.maintenance.starts < begin + timedelta(days=1) and row.maintenance.ends > begin
