"""Writes the history of alerts as the webhook hears it: begun, refreshed, said to be over, over.

Every change of a row takes the next number of one counter. The counter's row stays locked until the transaction ends,
so numbers are committed in their order, and whoever follows them (`alerts.changed_since`) misses none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from inventory.registry.tables import alert_counter, alerts, isps

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_KEY = ("fingerprint", "starts_at")

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reported:
    """One alert as Alertmanager reports it; every text is clean and bounded already.

    `starts_at` is the time as it came, `started` and `ended` are Unix seconds; `ended` is None while it fires.
    """

    fingerprint: str
    starts_at: str
    started: float
    ended: float | None
    alertname: str
    severity: str
    labels: Labels
    annotations: Labels


def note(connection: Connection, reported: Iterable[Reported], *, confirmed: bool) -> None:
    """Write down what was reported, within the caller's transaction; what is there is brought up to date.

    An end counts at once where `confirmed` says so, else it waits for `confirm`. What fires again under its old start
    is open again. Raises sqlalchemy.exc.SQLAlchemyError.
    """
    newest = _each_once(reported)
    if not newest:
        return
    first = take_numbers(connection, len(newest))
    only_isp = _only_isp(connection)
    rows = [_row(alert, number, only_isp, confirmed=confirmed) for number, alert in enumerate(newest, start=first)]
    fires = [row for row, alert in zip(rows, newest, strict=True) if alert.ended is None]
    over = [row for row, alert in zip(rows, newest, strict=True) if alert.ended is not None]
    if fires:
        _upsert(connection, fires, _REFRESHED, ("annotations", "ended", "end_reported"))
        _end_what_began_anew(connection, first)
    if over:
        _upsert(connection, over, ("ended",) if confirmed else ("end_reported",), (), unended=True)


def confirm(connection: Connection, fires: Callable[[Labels], bool], already: Iterable[int], now: float) -> set[int]:
    """End the alerts that are said to be over and that `fires` does not know any more.

    Returns the ids of those that still fire. `already` are the ids of the last time: an alert among them was called
    over too early, and ended only `now`.
    """
    waiting = select(alerts.c.id, alerts.c.labels, alerts.c.end_reported).where(
        alerts.c.ended.is_(None), alerts.c.end_reported.is_not(None)
    )
    rows = connection.execute(waiting).all()
    still = {row.id for row in rows if fires(row.labels)}
    early = set(already)
    end(connection, {row.id: now if row.id in early else row.end_reported for row in rows if row.id not in still})
    return still


def unended_since(connection: Connection, before: float) -> dict[int, Labels]:
    """The labels, by id, of alerts that began before that time and whose end nobody has reported."""
    open_ones = select(alerts.c.id, alerts.c.labels).where(
        alerts.c.ended.is_(None), alerts.c.end_reported.is_(None), alerts.c.started < before
    )
    return {row.id: row.labels for row in connection.execute(open_ones)}


def any_unconfirmed(connection: Connection) -> bool:
    """Whether the end of an alert waits for `confirm`."""
    waiting = select(alerts.c.id).where(alerts.c.ended.is_(None), alerts.c.end_reported.is_not(None)).limit(1)
    return connection.execute(waiting).first() is not None


def end(connection: Connection, ends: Mapping[int, float]) -> None:
    """Let the alerts of these ids have ended at these times, if they have not."""
    if not ends:
        return
    first = take_numbers(connection, len(ends))
    rows = [
        {"of": identifier, "at": at, "number": number}
        for number, (identifier, at) in enumerate(sorted(ends.items()), start=first)
    ]
    open_one = (alerts.c.id == bindparam("of")) & alerts.c.ended.is_(None)
    values: dict[str, Any] = {"ended": bindparam("at"), "changed": bindparam("number")}
    connection.execute(update(alerts).where(open_one).values(**values), rows)


def prune(connection: Connection, before: float, limit: int) -> int:
    """Delete up to `limit` alerts that ended before that time; returns how many."""
    left = limit
    for isp in connection.execute(select(alerts.c.isp).distinct()).scalars().all():  # their ends are indexed by isp
        old = select(alerts.c.id).where(alerts.c.isp == isp, alerts.c.ended < before).limit(left)
        left -= connection.execute(delete(alerts).where(alerts.c.id.in_(old))).rowcount
    return limit - left


def take_numbers(connection: Connection, count: int) -> int:
    """The first of `count` numbers nobody else has; the counter is ours until the transaction ends."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(alert_counter).values(id=1, changed=count)
    taken = fresh.on_conflict_do_update(
        index_elements=[alert_counter.c.id], set_={"changed": alert_counter.c.changed + count}
    ).returning(alert_counter.c.changed)
    highest: int = connection.execute(taken).scalar_one()
    return highest - count + 1


_REFRESHED = ("severity", "labels", "annotations", "ended", "end_reported")


def _each_once(reported: Iterable[Reported]) -> list[Reported]:
    """One of each alert; an end counts more than a beginning."""
    chosen: dict[tuple[str, str], Reported] = {}
    for alert in reported:
        known = chosen.get((alert.fingerprint, alert.starts_at))
        if known is None or known.ended is None:
            chosen[alert.fingerprint, alert.starts_at] = alert
    return list(chosen.values())


def _only_isp(connection: Connection) -> str | None:
    """The isp of an installation that has one: alerts of the platform itself (ExporterDown) concern its people."""
    found = connection.execute(select(isps.c.isp).limit(2)).scalars().all()
    return found[0] if len(found) == 1 else None


def _row(alert: Reported, number: int, only_isp: str | None, *, confirmed: bool) -> dict[str, Any]:
    ended = None if alert.ended is None else max(alert.started, alert.ended)
    return {
        "changed": number,
        "isp": _identifier(alert.labels.get("isp")) if alert.labels.get("isp") else only_isp,
        **{name: _identifier(alert.labels.get(name)) for name in ("tenant", "circuit", "link", "device")},
        "fingerprint": alert.fingerprint,
        "starts_at": alert.starts_at,
        "started": alert.started,
        "end_reported": None if confirmed else ended,
        "ended": ended if confirmed else None,
        "alertname": alert.alertname[:200],
        "severity": alert.severity[:16],
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
    }


def _identifier(label: str | None) -> str | None:
    """A label that can be one of our ids; anything else belongs to nobody rather than to somebody by accident."""
    return label if label is not None and _ID.fullmatch(label) else None


def _upsert(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    if_other: Sequence[str],
    *,
    unended: bool = False,
) -> None:
    """Insert `rows`; where they exist set `columns`, if one of `if_other` is another or the row is `unended`."""
    many = connection.dialect.name == "postgresql"
    fresh = postgresql.insert(alerts).from_select(list(rows[0]), _unpacked(rows)) if many else sqlite.insert(alerts)
    news = [cast(alerts.c[name], Text).is_distinct_from(cast(fresh.excluded[name], Text)) for name in if_other]
    if unended:
        news = [alerts.c.ended.is_(None) & alerts.c[columns[0]].is_distinct_from(fresh.excluded[columns[0]])]
    written = fresh.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: fresh.excluded[name] for name in ("changed", *columns)},
        where=or_(*news),
    )
    connection.execute(written, None if many else rows)


def _unpacked(rows: Sequence[Mapping[str, Any]]) -> Select[Any]:
    """All rows as one value that PostgreSQL takes apart: a tenth of the time of a statement each."""
    columns = [column(name, alerts.c[name].type) for name in rows[0]]
    packed = literal(json.dumps(rows), Text).cast(JSON)
    return select(*func.json_to_recordset(packed).table_valued(*columns).render_derived(with_types=True).c)


def _end_what_began_anew(connection: Connection, first: int) -> None:
    """End earlier alerts with the same labels: Alertmanager knows one of them at a time, so the end was lost."""
    older, newer = aliased(alerts), aliased(alerts)
    same = (newer.c.fingerprint == older.c.fingerprint) & (cast(newer.c.labels, Text) == cast(older.c.labels, Text))
    pairs = (
        select(older.c.id, newer.c.started)
        .join(newer, same & (newer.c.started > older.c.started))
        .where(older.c.ended.is_(None), newer.c.changed >= first)
    )
    ends: dict[int, float] = {}
    for identifier, started in connection.execute(pairs):
        ends[identifier] = min(started, ends.get(identifier, started))
    end(connection, ends)
