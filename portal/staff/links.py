"""Upstream (NTTN) links and their VLANs: how full they are against their threshold, and how they are changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.bodies import link_body
from inventory.entries import read_link
from inventory.models import Link
from inventory.registry.alerts import Filters
from inventory.registry.links import LinkRow, delete_link, get_link, list_links, save_link
from inventory.registry.listing import device_places, link_ids
from inventory.registry.scope import Transaction
from portal.api.known import known_devices
from portal.services import services
from portal.staff import asked
from portal.staff.actors import actor
from portal.staff.around import Drawn, alerts_of, counted, isp, seen, windows_on
from portal.staff.choosing import chosen, link_rows
from portal.staff.forms import Form, deleted, exchanged
from portal.standing import UNKNOWN, Standing, links_standing
from portal.states import State, VlanNow, links_now
from portal.tenancy import identity, needs

blueprint = Blueprint("links", __name__)

MEASURES = {
    "max": "the greater of the two directions' sums",
    "sum": "both directions together",
    "receive": "what is received",
    "transmit": "what is transmitted",
}
STATES = (("", "all"), *((state.value, state.value) for state in State))
_FIRST_ROWS = 3  # blank ones of a new link


@blueprint.get("/links")
@needs("network.read")
def index() -> str:
    """All links or those in one state, each with its sum against the threshold."""
    search, state = asked.word("q"), asked.choice("state", [name for name, _ in STATES])
    standing: Mapping[str, Standing] = seen(links_standing(services().prometheus, isp())) if state else {}
    with services().registry.read(identity().scope) as tx:
        if state:
            names = [name for name in link_ids(tx, search) if standing.get(name, UNKNOWN).state == state]
            page = chosen(names, partial(link_rows, tx))
        else:
            page = list_links(tx, search=search, page=asked.page_number())
    now = seen(links_now(services().prometheus, isp(), [row.link.id for row in page.items]))
    return render_template("staff/links.html", page=page, now=now, search=search, state=state, states=STATES)


@blueprint.get("/links/<link>")
@needs("network.read")
def show(link: str) -> str:
    """One link with its VLANs."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, link)
        alerts, windows = alerts_of(tx, Filters(link=link)), windows_on(tx, link=link)
    return render_template(
        "staff/link.html",
        link=row.link,
        version=row.version,
        now=seen(links_now(services().prometheus, isp(), [link]))[link],
        capacity=sum(vlan.capacity for vlan in row.link.vlans),
        measures=MEASURES,
        used=_used,
        charts=_charts(link),
        alerts=alerts,
        windows_found=windows,
        loses=[f"its {counted(len(row.link.vlans), 'VLAN')}: no longer measured", "its place in maintenance windows"],
    )


@blueprint.route("/links/new", methods=["GET", "POST"])
@needs("network.write")
def new() -> str | Response:
    """Make a link."""
    start = Form({"measure": "max"}, blank_rows=_FIRST_ROWS)
    form, done = exchanged(start, _save, lambda _: None, place=_place)
    return _answer(form, None, done=done)


@blueprint.route("/links/<link>/edit", methods=["GET", "POST"])
@needs("network.write")
def edit(link: str) -> str | Response:
    """Change a link and its VLANs."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, link)
    start = Form(link_body(row.link), row.version)
    form, done = exchanged(start, _save, lambda tx: _now(tx, link), place=_place, fixed={"id": link})
    return _answer(form, row.link, done=done)


@blueprint.post("/links/<link>/delete")
@needs("network.write")
def delete(link: str) -> Response:
    """Take a link out of the inventory."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, link)
    return deleted(
        lambda tx, version: delete_link(tx, link, version=version, actor=actor()),
        f'The link "{row.link.name}" was deleted.',
        back=url_for("links.show", link=link),
        to=url_for("links.index"),
    )


def _answer(form: Form, current: Link | None, *, done: bool) -> str | Response:
    if done:
        flash("The link was saved. It is measured as described from the next reading on.")
        return redirect(url_for("links.show", link=form.values["id"]), 303)
    with services().registry.read(identity().scope) as tx:
        devices = device_places(tx)
    back = url_for("links.show", link=current.id) if current else url_for("links.index")
    return render_template(
        "staff/link_form.html", form=form, current=current, devices=devices, measures=list(MEASURES.items()), back=back
    )


def _found(tx: Transaction, link: str) -> LinkRow:
    row = get_link(tx, link)
    if row is None:
        raise NotFound
    return row


def _save(tx: Transaction, form: Form) -> None:
    vlans = form.mapping.get("vlans", [])
    known = known_devices(tx, *(vlan.get("device") for vlan in vlans if isinstance(vlan, dict)))
    save_link(tx, read_link(form.mapping, known), version=form.version, actor=actor())


def _now(tx: Transaction, link: str) -> tuple[Mapping[str, Any], int] | None:
    row = get_link(tx, link)
    return None if row is None else (link_body(row.link), row.version)


def _place(field: str) -> str:
    """What is wrong with a VLAN as a whole, or with having none, stands at its number."""
    if field == "vlans":
        return "vlans.0.vlan"
    return f"{field}.vlan" if re.fullmatch(r"vlans\.[0-9]+", field) else field


def _used(now: VlanNow, capacity: float) -> float | None:
    """The fuller direction's share of what was bought; None where neither is known."""
    ways = [way for way in (now.receive_bps, now.transmit_bps) if way is not None]
    return max(ways) / capacity if ways else None


def _charts(link: str) -> list[Drawn]:
    about = {"link": link}
    return [
        Drawn("link-traffic", about, "Against the threshold"),
        Drawn("link-receive", about, "Receive, by VLAN"),
        Drawn("link-transmit", about, "Transmit, by VLAN"),
    ]
