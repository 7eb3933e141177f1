"""The `circuits` of a tenant: where each is on its device, what was bought and what was promised."""

from __future__ import annotations

from typing import get_args

import yaml

from inventory.device_section import DRIVERS
from inventory.fields import day, ip_address, latency, loss, mbps, uptime
from inventory.models import ActivePeriod, Attach, AttachKind, Circuit, Committed, Faces, PingFrom, Sla
from inventory.problems import Failed, Wrong
from inventory.reader import Entry, Field, Parser, Read
from inventory.text_fields import choice, new_id, reference, text

_faces: Parser[Faces] = choice(get_args(Faces))
_ping_from: Parser[PingFrom] = choice(get_args(PingFrom))
_ATTACH_KINDS: tuple[AttachKind, ...] = get_args(AttachKind)


def circuit(at: Field, tenant: Read[str]) -> Circuit:
    """One circuit of the tenant with that id."""
    entry = Entry(at, at.place)
    name = entry.need("id", new_id("circuit"))
    title = entry.need("name", text)
    device = entry.need("device", reference("device"))
    attach = entry.need("attach", _attach)
    faces = entry.maybe("faces", _faces)
    committed = entry.need("committed_mbps", _committed)
    ping = entry.maybe("ping", ip_address)
    ping_from = entry.maybe("ping_from", _ping_from)
    sla = entry.maybe("sla", _sla).otherwise(Sla())
    active = entry.maybe("active", _active).otherwise(ActivePeriod())
    if entry.finish() and ping_from.ok and ping_from.value == "device":
        _check_ping_from_device(entry, ping_from.line, device)
    found = Circuit(
        id=name.value,
        name=title.value,
        tenant=tenant.value,
        device=device.value,
        attach=attach.value,
        committed=committed.value,
        faces=faces.value or "customer",
        ping=ping.value,
        ping_from=ping_from.value or "server",
        sla=sla.value,
        active=active.value,
    )
    try:
        at.source.ids.attach(found.device, found.attach, found.tenant, found.active, attach.line)
    except Wrong as wrong:
        entry.report(attach.line, str(wrong))
    return found


def _check_ping_from_device(entry: Entry, line: int, device: Read[str]) -> None:
    driver = entry.source.ids.drivers.get(device.value, "") if device.ok else ""
    if driver and not DRIVERS[driver].pings:
        entry.report(line, f'ping_from is "device", and devices of driver {driver} ping nothing; expected server')
    elif not entry.has("ping"):
        entry.report(line, 'ping_from is "device" but there is no ping; expected the address to ping')


def _attach(at: Field) -> Attach:
    entry = Entry(at)
    names = {kind: entry.maybe(kind, text) for kind in _ATTACH_KINDS}
    given = [kind for kind in _ATTACH_KINDS if entry.has(kind)]
    if not entry.finish():
        raise Failed
    if len(given) != 1:
        raise Wrong(f"attach has {len(given) or 'none'} of {', '.join(_ATTACH_KINDS)}; expected exactly one")
    name = names[given[0]].value
    assert name is not None, "has() says that it is given"
    return Attach(kind=given[0], name=name)


def _committed(at: Field) -> Committed:
    if not isinstance(at.node, yaml.MappingNode):
        both = mbps(at)
        return Committed(download=both, upload=both)
    entry = Entry(at)
    download = entry.need("download", mbps)
    upload = entry.need("upload", mbps)
    entry.finish()
    return Committed(download=download.value, upload=upload.value)


def _sla(at: Field) -> Sla:
    entry = Entry(at)
    uptime_ratio = entry.maybe("uptime_percent", uptime)
    latency_seconds = entry.maybe("latency_ms", latency)
    loss_ratio = entry.maybe("loss_percent", loss)
    entry.finish()
    return Sla(uptime_ratio=uptime_ratio.value, latency_seconds=latency_seconds.value, loss_ratio=loss_ratio.value)


def _active(at: Field) -> ActivePeriod:
    entry = Entry(at)
    first = entry.maybe("from", day)
    last = entry.maybe("until", day)
    entry.finish()
    if first.value is not None and last.value is not None and last.value < first.value:
        raise Wrong(f"until {last.value} is before from {first.value}; expected the same day or a later one")
    return ActivePeriod(first=first.value, last=last.value)
