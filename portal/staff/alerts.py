"""The timeline of alerts, one alert with all that is known of it, and its acknowledgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from inventory.registry import alerts
from inventory.registry.alerts import AlertRow, Filters
from portal import alert_words, runbooks
from portal.context import zone
from portal.services import services
from portal.staff import asked, delivery_words, messages
from portal.staff.actors import actor
from portal.tenancy import identity, needs

blueprint = Blueprint("alerts", __name__)

SEVERITIES = ("critical", "warning", "info")
_EARLIER = 5


@blueprint.get("/alerts")
@needs("alerts.read")
def index() -> str:
    """The alerts of the isp, the newest first, by day."""
    wanted, state = _filters()
    with services().registry.read(identity().scope) as tx:
        page = alerts.list_alerts(tx, wanted, asked.page_number())
        names = alert_words.names_of(tx, page.items)
        known = alerts.names(tx)
    return render_template(
        "staff/alerts/index.html",
        page=page,
        days=_by_day(page.items),
        clock=_clock,
        names=names,
        words=alert_words,
        filters=wanted,
        state=state,
        alertnames=[("", "Any"), *((name, alert_words.title(name)) for name in known)],
        severities=[("", "Any"), *((name, name.capitalize()) for name in SEVERITIES)],
        filtered=wanted != Filters(firing=wanted.firing),
    )


@blueprint.get("/alerts/<int:identifier>")
@needs("alerts.read")
def show(identifier: int) -> str:
    """One alert: what, where, how long, who looks after it, who was told."""
    return _page(identifier)


@blueprint.post("/alerts/<int:identifier>/acknowledge")
@needs("alerts.acknowledge")
def acknowledge(identifier: int) -> Response | tuple[str, int]:
    """Take down who looks after it."""
    note = asked.clean(request.form.get("note", ""))
    if len(note) > alerts.NOTE_LIMIT:
        wrong = f"The note has {len(note):,} characters, {alerts.NOTE_LIMIT:,} are possible."
        return _page(identifier, note, {"note": wrong}), 422
    try:
        with services().registry.write(identity().scope) as tx:
            if not alerts.acknowledge(tx, identifier, actor(), note):
                abort(404)
    except alerts.Over as over:
        flash(f"Not acknowledged: {over}.", "error")
    else:
        flash("Acknowledged. Messages about it go on: an acknowledgement silences nothing.")
    return redirect(url_for(".show", identifier=identifier))


def _page(identifier: int, note: str = "", errors: Mapping[str, str] | None = None) -> str:
    with services().registry.read(identity().scope) as tx:
        alert = _found(alerts.get(tx, identifier))
        names = alert_words.names_of(tx, [alert])
        earlier = alerts.before(tx, alert, _EARLIER)
        told = messages.of_alert(tx, alert) if identity().may("deliveries.read") else None
    return render_template(
        "staff/alerts/show.html",
        alert=alert,
        names=names,
        words=alert_words,
        earlier=earlier,
        told=None if told is None else [(each, delivery_words.told(each)) for each in told],
        runbook=runbooks.paragraphs(alert.alertname),
        note_limit=alerts.NOTE_LIMIT,
        note=note,
        errors=errors,
    )


def _found(alert: AlertRow | None) -> AlertRow:
    if alert is None:
        abort(404)
    return alert


def _filters() -> tuple[Filters, str]:
    """What is asked for, and whether that is the open alerts or all. Without any word it is the open ones."""
    since, until = asked.day("since"), asked.day("until")
    words = {name: asked.word(name) or None for name in ("alertname", "tenant", "circuit", "link", "device", "text")}
    severity = asked.choice("severity", SEVERITIES) or None
    narrowed = any(words.values()) or severity or since or until
    state = asked.choice("state", ("open", "unacknowledged", "all"), "all" if narrowed else "open")
    return Filters(
        firing=None if state == "all" else True,
        acknowledged=False if state == "unacknowledged" else None,
        severity=severity,
        since=asked.begins(since, zone()),
        until=asked.ends(until, zone()),
        **words,
    ), state


def _by_day(rows: Sequence[AlertRow]) -> list[tuple[date, str, list[AlertRow]]]:
    """The alerts of each day in the isp's time zone, with what the day is called."""

    def day(row: AlertRow) -> date:
        return datetime.fromtimestamp(row.started, zone()).date()

    return [(each, _called(each), list(of_day)) for each, of_day in groupby(rows, day)]


def _clock(timestamp: float) -> str:
    """The hour alone: the day stands above."""
    return f"{datetime.fromtimestamp(timestamp, zone()):%H:%M}"


def _called(day: date) -> str:
    today = datetime.now(zone()).date()
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A} {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")
