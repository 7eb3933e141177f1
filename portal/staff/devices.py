"""Routers and switches: how they are, what they carry and enforce, how they are tested and changed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.bodies import device_body
from inventory.device_section import AUTH_PROTOCOLS, PRIVACY_PROTOCOLS
from inventory.entries import read_device
from inventory.models import DRIVER_NAMES, Device
from inventory.registry.alerts import Filters
from inventory.registry.circuits import CircuitRow, list_circuits
from inventory.registry.devices import DeviceRow, delete_device, get_device, list_devices, save_device
from inventory.registry.links import LinkRow, list_links
from inventory.registry.listing import device_ids
from inventory.registry.pages import Page
from inventory.registry.scope import Transaction
from portal.services import services
from portal.staff import asked
from portal.staff.actors import actor
from portal.staff.around import Drawn, alerts_of, counted, isp, seen
from portal.staff.choosing import chosen, device_rows
from portal.staff.forms import Form, deleted, exchanged
from portal.staff.limits import drifts
from portal.staff.probe import Outcome, try_device
from portal.standing import UNKNOWN, Standing, devices_standing
from portal.states import DeviceNow, devices_now, limits_seen
from portal.tenancy import identity, needs

blueprint = Blueprint("devices", __name__)

# The fields of a form by the names secrets have in the registry.
SECRET_FIELDS = {
    "password": "password",
    "community": "snmp.community",
    "auth": "snmp.auth.key",
    "privacy": "snmp.privacy.key",
}

STATES = (("", "all"), ("down", "down"), ("up", "up"), ("unknown", "unknown"))
NO_EXPORTER = "EXPORTER_URL is not set, so the portal cannot ask for a reading."


@blueprint.get("/devices")
@needs("network.read")
def index() -> str:
    """All devices, or those in one state."""
    search, state = asked.word("q"), asked.choice("state", [name for name, _ in STATES])
    standing: Mapping[str, Standing] = seen(devices_standing(services().prometheus, isp())) if state else {}
    with services().registry.read(identity().scope) as tx:
        if state:
            names = [name for name in device_ids(tx, search) if standing.get(name, UNKNOWN).state == state]
            page = chosen(names, partial(device_rows, tx))
        else:
            page = list_devices(tx, search=search, page=asked.page_number())
    now = seen(devices_now(services().prometheus, isp(), [row.device.id for row in page.items]))
    return render_template("staff/devices.html", page=page, now=now, search=search, state=state, states=STATES)


@blueprint.get("/devices/<device>/test", endpoint="tested")
@blueprint.get("/devices/<device>")
@needs("network.read")
def show(device: str) -> str:
    """One device: also where its test was answered, since an open page asks for itself again."""
    return _page(device, None)


@blueprint.post("/devices/<device>/test")
@needs("network.write")
def test(device: str) -> str:
    """Read the device now and say what came of it. It changes nothing, so its page is the answer."""
    with services().registry.read(identity().scope) as tx:
        _found(tx, device)
    urls = services().settings.exporter_urls
    return _page(device, try_device(urls, device) if urls else Outcome(None, NO_EXPORTER))


@blueprint.route("/devices/new", methods=["GET", "POST"])
@needs("network.write")
def new() -> str | Response:
    """Make a device."""
    start = Form({"driver": _driver(DRIVER_NAMES[0])})
    form, done = exchanged(start, lambda tx, form: _save(tx, form, None), lambda _: None)
    return _answer(form, None, done=done)


@blueprint.route("/devices/<device>/edit", methods=["GET", "POST"])
@needs("network.write")
def edit(device: str) -> str | Response:
    """Change a device. Its secrets can be given anew and never read."""
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, device)
    start = Form({**_shown(row.device), "driver": _driver(row.device.driver)}, row.version)
    form, done = exchanged(
        start,
        lambda tx, form: _save(tx, form, get_device(tx, device)),
        lambda tx: _now(tx, device),
        fixed={"id": device},
    )
    return _answer(form, row.device, done=done)


@blueprint.post("/devices/<device>/delete")
@needs("network.write")
def delete(device: str) -> Response:
    """Take a device out of the inventory; not while it carries anything."""
    with services().registry.read(identity().scope) as tx:
        _found(tx, device)
    return deleted(
        lambda tx, version: delete_device(tx, device, version=version, actor=actor()),
        f'The device "{device}" was deleted.',
        back=url_for("devices.show", device=device),
        to=url_for("devices.index"),
    )


def _page(device: str, outcome: Outcome | None) -> str:
    with services().registry.read(identity().scope) as tx:
        row = _found(tx, device)
        circuits = list_circuits(tx, device=device, page=asked.page_number())
        links = list_links(tx, device=device)
        alerts = alerts_of(tx, Filters(device=device))
    prometheus = services().prometheus
    now = seen(devices_now(prometheus, isp(), [device]))[device]
    return render_template(
        "staff/device.html",
        row=row,
        device=row.device,
        now=now,
        memory=_memory(now),
        login=_login(row.device),
        outcome=outcome,
        circuits=circuits,
        limits=seen(limits_seen(prometheus, isp(), device, [each.circuit.id for each in circuits.items])),
        drifts=drifts,
        vlans=[(each.link, vlan) for each in links.items for vlan in each.link.vlans if vlan.device == device],
        carried=_carried(circuits, links),
        charts=_charts(device),
        alerts=alerts,
    )


def _answer(form: Form, current: Device | None, *, done: bool) -> str | Response:
    if done:
        flash("The device was saved. It is read as described from the next time on; test the connection now.")
        return redirect(url_for("devices.show", device=form.values["id"]), 303)
    kept = {SECRET_FIELDS[name] for name, _ in current.secrets()} if current else set()
    return render_template(
        "staff/device_form.html",
        form=form,
        current=current,
        secrets=kept if current and current.driver == form.values["driver"] else set(),
        drivers=DRIVER_NAMES,
        auth_protocols=[("", "none"), *((name, name) for name in AUTH_PROTOCOLS)],
        privacy_protocols=[("", "none"), *((name, name) for name in PRIVACY_PROTOCOLS)],
        back=url_for("devices.show", device=current.id) if current else url_for("devices.index"),
    )


def _found(tx: Transaction, device: str) -> DeviceRow:
    row = get_device(tx, device)
    if row is None:
        raise NotFound
    return row


def _driver(default: str) -> str:
    return request.args.get("driver", "") if request.args.get("driver") in DRIVER_NAMES else default


def _save(tx: Transaction, form: Form, before: DeviceRow | None) -> None:
    old = before.device if before else None
    device = read_device(_entry(form.mapping, old), old)
    save_device(tx, device, version=form.version, actor=actor(), vault=services().vault)


def _now(tx: Transaction, device: str) -> tuple[Mapping[str, Any], int] | None:
    row = get_device(tx, device)
    return None if row is None else (_shown(row.device), row.version)


def _shown(device: Device) -> dict[str, Any]:
    """What the form asks for, without secrets."""
    tls = {"enabled": device.tls.enabled, "verify": device.tls.verify} | (
        {"ca": device.tls.ca} if device.tls.ca else {}
    )
    return device_body(device) | ({} if device.snmp else {"tls": tls})


def _entry(form: Mapping[str, Any], old: Device | None) -> dict[str, Any]:
    """What the form says, without what is for another version of SNMP, and with the authority's certificate as it was.

    A browser ends lines its own way: a certificate that was not touched must not look like another one.
    """
    entry = dict(form)
    if isinstance(entry.get("snmp"), Mapping):
        foreign = ("community",) if str(entry["snmp"].get("version")) == "3" else ("username", "auth", "privacy")
        entry["snmp"] = {key: value for key, value in entry["snmp"].items() if key not in foreign}
        for name in ("auth", "privacy"):
            key = entry["snmp"].get(name)
            if isinstance(key, Mapping) and "protocol" not in key and "key" not in key:
                del entry["snmp"][name]
    if isinstance(entry.get("tls"), Mapping) and "ca" in entry["tls"]:
        given = str(entry["tls"]["ca"]).replace("\r\n", "\n").strip()
        kept = old.tls.ca if old and old.tls.ca and old.tls.ca.strip() == given else given + "\n"
        entry["tls"] = {**entry["tls"], "ca": kept}
    return entry


def _carried(circuits: Page[CircuitRow], links: Page[LinkRow]) -> str:
    """What keeps it from being deleted, in words; empty where nothing does."""
    parts = ((circuits.total, "circuit"), (links.total, "link"))
    return " and ".join(counted(number, word) for number, word in parts if number)


def _memory(now: DeviceNow) -> float | None:
    if now.memory_used_bytes is None or not now.memory_total_bytes:
        return None
    return now.memory_used_bytes / now.memory_total_bytes


def _login(device: Device) -> str:
    if device.snmp:
        return f"SNMP version {device.snmp.version}" + (
            f", user {device.snmp.username}" if device.snmp.username else ""
        )
    tls = device.tls
    how = "without TLS" if not tls.enabled else "TLS, verified" if tls.verify else "TLS, certificate not verified"
    return f"user {device.username}, {how}"


def _charts(device: str) -> list[Drawn]:
    about = {"device": device}
    return [
        Drawn("device-cpu", about, "Processor"),
        Drawn("device-memory", about, "Memory"),
        Drawn("device-temperature", about, "Temperature"),
        Drawn("device-up", about, "Answers"),
    ]
