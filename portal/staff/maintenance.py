"""Announced work: a calendar, a list, and what may still be changed of a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.models import Maintenance
from inventory.registry.changes import Conflict, Refused
from inventory.registry.circuits import list_circuits
from inventory.registry.links import list_links
from inventory.registry.pages import MOST_PER_PAGE
from inventory.registry.scope import Transaction
from inventory.registry.windows import (
    MaintenanceRow,
    delete_maintenance,
    get_maintenance,
    list_maintenance,
    save_maintenance,
)
from portal.announced import BEGUN, judge
from portal.context import zone
from portal.services import services
from portal.staff import asked, windows
from portal.staff.actors import actor
from portal.staff.forms import Form, deleted, exchanged
from portal.tenancy import identity, needs

blueprint = Blueprint("maintenance", __name__)

_FOUND = 30  # circuits a search offers at once


@blueprint.get("/maintenance")
@needs("maintenance.read")
def index() -> str:
    """A month, and what is under way or ahead."""
    now = datetime.now(UTC)
    first = windows.asked_month(asked.word("month"), now.astimezone(zone()).date())
    since, until = windows.month_span(first, zone())
    with services().registry.read(identity().scope) as tx:
        shown = list_maintenance(tx, since=since, until=until, per_page=MOST_PER_PAGE).items
        ahead = list_maintenance(tx, since=now.timestamp(), per_page=MOST_PER_PAGE).items
    rows = sorted(shown, key=lambda row: row.maintenance.starts)
    return render_template(
        "staff/maintenance/index.html",
        month=windows.month_of(first, rows, zone()),
        clashes=windows.clashes({row.maintenance.id: row for row in (*shown, *ahead)}.values()),
        ahead=sorted(ahead, key=lambda row: row.maintenance.starts),
        of_month=rows,
        today=now.astimezone(zone()).date(),
        moment=now,
    )


@blueprint.route("/maintenance/new", methods=["GET", "POST"])
@needs("maintenance.write")
def new() -> str | Response:
    """Announce a window."""
    start = Form({"approved_by": identity().name, **_named()})
    form, done = exchanged(start, _save, lambda _: None)
    if done:
        flash("The window was announced. It is kept out of the SLA.")
        return redirect(url_for("maintenance.index"), 303)
    return _form(form, None)


@blueprint.route("/maintenance/<window>/edit", methods=["GET", "POST"])
@needs("maintenance.write")
def edit(window: str) -> str | Response:
    """Change a window that has not begun; of one that has, show what is possible and why."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, window)
    if _begun(row.maintenance):
        if request.method == "POST":
            flash(f"Nothing was changed. {BEGUN}", "error")
        return render_template("staff/maintenance/begun.html", row=row, moment=datetime.now(UTC), why=BEGUN)
    start = Form({**windows.entry(row.maintenance), "approved_by": identity().name}, row.version)
    form, done = exchanged(start, _save, lambda tx: _now(tx, window), fixed={"id": window})
    if done:
        flash("The change was saved, and counts as approved with it.")
        return redirect(url_for("maintenance.index"), 303)
    return _form(form, row)


@blueprint.post("/maintenance/<window>/end")
@needs("maintenance.write")
def end(window: str) -> Response:
    """End a window that is open, now."""
    now = datetime.now(UTC)
    try:
        with services().registry.write(identity().scope) as tx:
            row = _found(tx, window)
            is_open = row.maintenance.covers(now)
            if is_open:
                save_maintenance(tx, replace(row.maintenance, ends=now), version=row.version, actor=actor())
    except Conflict:
        flash("Nothing was changed: somebody else changed this window meanwhile. Here it is as it is now.", "error")
    else:
        if is_open:
            flash("The window has ended. From now on the SLA counts again.")
        else:
            flash("Nothing was changed: this window is not open.", "error")
    return redirect(url_for("maintenance.index"), 303)


@blueprint.post("/maintenance/<window>/delete")
@needs("maintenance.write")
def delete(window: str) -> Response:
    """Call a window off that has not begun."""
    with services().registry.read(identity().scope) as tx:
        _found(tx, window)

    def remove(tx: Transaction, version: int) -> None:
        if _begun(_found(tx, window).maintenance):
            raise Refused(BEGUN[0].lower() + BEGUN[1:].removesuffix("."))
        delete_maintenance(tx, window, version=version, actor=actor())

    return deleted(
        remove,
        "The window was called off.",
        back=url_for("maintenance.edit", window=window),
        to=url_for("maintenance.index"),
    )


def _found(tx: Transaction, window: str) -> MaintenanceRow:
    row = get_maintenance(tx, window)
    if row is None:
        raise NotFound
    return row


def _begun(window: Maintenance) -> bool:
    return window.starts <= datetime.now(UTC)


def _save(tx: Transaction, form: Form) -> None:
    now = datetime.now(UTC)
    told = windows.read(tx, form.mapping, zone(), now)
    before = None if form.version is None else _found(tx, told.id).maintenance
    window = judge(told, before, now, identity().name)
    save_maintenance(tx, window, version=form.version, actor=actor())
    others = windows.overlapping(tx, window)
    if others:
        named = ", ".join(f"{other.id} ({', '.join(sorted(windows.shared(window, other)))})" for other in others[:5])
        flash(f"It overlaps {named}: no harm to the SLA, but two crews may meet.")


def _now(tx: Transaction, window: str) -> tuple[Mapping[str, Any], int] | None:
    row = get_maintenance(tx, window)
    return None if row is None else (windows.entry(row.maintenance), row.version)


def _named() -> dict[str, list[str]]:
    """What a link of another page wants the window to be about."""
    return {f"{name}s": [asked.word(name)] for name in ("circuit", "link") if asked.word(name)}


def _form(form: Form, row: MaintenanceRow | None) -> str:
    """The form, with what it offers to choose from."""
    search = asked.clean(request.form.get("_find", ""))[: asked.LONGEST]
    chosen = [str(each) for each in form.mapping.get("circuits", ())]
    with services().registry.read(identity().scope) as tx:
        found = list_circuits(tx, search=search or None, per_page=_FOUND)
        offered: Sequence[tuple[str, str]] = [
            (each.circuit.id, f"{each.circuit.name}, {each.tenant_name}") for each in found.items
        ]
        known = dict(offered) | windows.circuit_names(tx, chosen)
        all_links = [(each.link.id, each.link.name) for each in list_links(tx, per_page=MOST_PER_PAGE).items]
    return render_template(
        "staff/maintenance/form.html",
        form=form,
        row=row,
        search=search,
        chosen=[(each, known.get(each, each)) for each in chosen],
        offered=[(each, name) for each, name in offered if each not in chosen],
        more=max(0, found.total - len(offered)),
        links=all_links,
        loses=["its place in the calendar: the time counts for the SLA like any other"],
        back=url_for("maintenance.index"),
    )
