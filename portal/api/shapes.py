"""The shape of what the registry holds, with the key names of the inventory file: bodies in both directions.

These describe, for OpenAPI and for who writes a client. What is acceptable is decided by `inventory/entries.py`, as for
the file and for the forms; a schema only adds that JSON's own types are meant.
"""

from __future__ import annotations

from typing import get_args

from marshmallow import fields, validate

from inventory.device_section import AUTH_PROTOCOLS, PRIVACY_PROTOCOLS
from inventory.fields import YEARS
from inventory.models import DRIVER_NAMES, Faces, Language, Measure, PingFrom
from portal.api.fields import DAY_PATTERN, Flag, Number, Rate, Shape, Whole, described, identifier, line, moment, word

_DAYS = f"A day {YEARS}."
_MBPS = validate.Range(min=0, min_inclusive=False, max=100_000_000)


class Contact(Shape):
    """A person or desk that is told. At least one of `whatsapp` and `email`."""

    name = line("Who this is.", "NOC", required=True)
    whatsapp = fields.String(
        validate=validate.Regexp(r"^\+[1-9][0-9]{6,14}$"),
        allow_none=True,
        metadata=described("E.164.", "+8801700000001"),
    )
    email = fields.String(
        validate=validate.Length(3, 254), allow_none=True, metadata=described("Where mail goes.", "noc@example.net")
    )
    language = word("Of the messages.", get_args(Language), allow_none=True)


class Tenant(Shape):
    """A reseller or client: who it is and who is told. Its circuits are at /circuits."""

    id = identifier("Cannot be changed.", "r1001", required=True)
    kind = word("As the address says.", ("reseller", "client"))
    name = line("The company.", "Uttara Net", required=True)
    contacts = fields.List(fields.Nested(Contact), allow_none=True, metadata=described("Who is told of its alerts."))


class Attach(Shape):
    """Where the circuit is on its device: exactly one of the three."""

    interface = line("ifName, else ifDescr, else ifAlias.", "ge-0/0/7", allow_none=True)
    queue = line("Name of a simple queue.", "r1001", allow_none=True)
    pppoe = line("User name of a PPPoE session.", "r1001-branch", allow_none=True)


class Sla(Shape):
    """What was promised; what was not is left out."""

    uptime_percent = Number(
        validate=validate.Range(min=0, min_inclusive=False, max=100),
        allow_none=True,
        metadata=described("A month.", 99.5),
    )
    latency_ms = Number(
        validate=validate.Range(min=0, min_inclusive=False, max=60_000),
        allow_none=True,
        metadata=described("At most.", 50),
    )
    loss_percent = Number(
        validate=validate.Range(min=0, max=100, max_inclusive=False),
        allow_none=True,
        metadata=described("At most.", 1.0),
    )


class Active(Shape):
    """The days the circuit is in service, both included, in the isp's time zone."""

    first = fields.String(
        data_key="from", allow_none=True, validate=validate.Regexp(DAY_PATTERN), metadata=described(_DAYS, "2026-01-01")
    )
    last = fields.String(
        data_key="until",
        allow_none=True,
        validate=validate.Regexp(DAY_PATTERN),
        metadata=described(_DAYS, "2026-12-31"),
    )


class Circuit(Shape):
    """What a tenant buys: a place on a device, a committed rate, an address to ping, an SLA."""

    id = identifier("Cannot be changed.", "r1001-main", required=True)
    tenant = identifier("Whose it is. Cannot be changed.", "r1001")
    name = line("What people call it.", "Uttara uplink", required=True)
    device = identifier("The device it is on.", "core-1", required=True)
    attach = fields.Nested(Attach, required=True)
    faces = word(
        "Which way download is: router transmit on an interface that faces the customer.",
        get_args(Faces),
        allow_none=True,
    )
    committed_mbps = Rate(required=True, metadata=described("Mbps bought: one number, or each way.", 200))
    ping = fields.String(
        validate=validate.Length(2, 45), allow_none=True, metadata=described("The address of one host.", "203.0.113.10")
    )
    ping_from = word("Who pings it.", get_args(PingFrom), allow_none=True)
    sla = fields.Nested(Sla, allow_none=True)
    active = fields.Nested(Active, allow_none=True)


class CircuitSeen(Circuit):
    """A circuit as it is read: a tenant sees what it bought, and not what that runs on."""

    device = identifier("The device it is on. Not shown to a tenant.", "core-1")
    attach = fields.Nested(Attach, metadata=described("Where on it. Not shown to a tenant."))


class Vlan(Shape):
    """One member of a link, carried by one interface of one device."""

    vlan = Whole(required=True, validate=validate.Range(1, 4094), metadata=described("802.1Q.", 10))
    device = identifier("The device that carries it.", "core-1", required=True)
    interface = line("ifName, else ifDescr, else ifAlias.", "vlan10", required=True)
    capacity_mbps = Number(required=True, validate=_MBPS, metadata=described("Mbps.", 200))


class Link(Shape):
    """An upstream (NTTN) link: VLANs that share one alert threshold."""

    id = identifier("Cannot be changed.", "nttn-dhaka", required=True)
    name = line("What people call it.", "NTTN Dhaka", required=True)
    threshold_mbps = Number(required=True, validate=_MBPS, metadata=described("Alert from here on.", 950))
    measure = word("What of the two directions is compared.", get_args(Measure), allow_none=True)
    vlans = fields.List(fields.Nested(Vlan), required=True, validate=validate.Length(min=1))


class Tls(Shape):
    """How a RouterOS session is protected. `ca` replaces the system's authorities."""

    enabled = Flag(allow_none=True, metadata=described("Never falls back to plain text.", example=True))
    verify = Flag(allow_none=True, metadata=described("Check the certificate.", example=True))
    ca = fields.String(allow_none=True, metadata=described("The authorities to trust, PEM."))


class _Key(Shape):
    key = fields.String(
        load_only=True, validate=validate.Length(min=8), metadata=described("Write-only; left out, it stays as it is.")
    )


class Auth(_Key):
    """An SNMPv3 authentication key."""

    protocol = word("As the device names it.", AUTH_PROTOCOLS, required=True)


class Privacy(_Key):
    """An SNMPv3 privacy key."""

    protocol = word("As the device names it.", PRIVACY_PROTOCOLS, required=True)


class Snmp(Shape):
    """How an agent is spoken to: `community` for versions 1 and 2c, a user and keys for 3."""

    version = word("", ("1", "2c", "3"), required=True)
    community = fields.String(
        load_only=True, validate=validate.Length(min=1), metadata=described("Write-only; left out, it stays as it is.")
    )
    username = line("Version 3.", "backhaul", allow_none=True)
    auth = fields.Nested(Auth, allow_none=True)
    privacy = fields.Nested(Privacy, allow_none=True)
    engine = word("", ("gufo", "pysnmp"), allow_none=True)


class Device(Shape):
    """A router or switch that is polled. Secrets can be written and never read."""

    id = identifier("Cannot be changed.", "core-1", required=True)
    driver = word("How it is spoken to.", DRIVER_NAMES, required=True)
    place = line("Where it stands, for people.", "Dhaka, rack 4", allow_none=True)
    host = line("Name or address, without port.", "192.0.2.1", required=True)
    port = Whole(
        allow_none=True, validate=validate.Range(1, 65535), metadata=described("The driver's by default.", 8729)
    )
    timeout_seconds = Number(
        allow_none=True,
        validate=validate.Range(min=0, min_inclusive=False, max=60),
        metadata=described("A reading.", 8),
    )
    username = line("RouterOS.", "monitor", allow_none=True)
    password = fields.String(
        load_only=True,
        validate=validate.Length(min=1),
        metadata=described("RouterOS. Write-only; left out, it stays as it is."),
    )
    tls = fields.Nested(Tls, allow_none=True)
    snmp = fields.Nested(Snmp, allow_none=True)


class Maintenance(Shape):
    """Announced work on circuits and links, approved before it starts; excluded from the SLA."""

    id = identifier("Cannot be changed.", "mw-1", required=True)
    circuits = fields.List(identifier("", "r1001-main"), allow_none=True)
    links = fields.List(identifier("", "nttn-dhaka"), allow_none=True)
    starts = moment("With its offset.", "2026-11-20T01:00+06:00", required=True)
    ends = moment("After `starts`.", "2026-11-20T03:00+06:00", required=True)
    approved_at = moment("Before `starts`.", "2026-11-10T10:00+06:00", required=True)
    approved_by = line("Who approved it.", "noc", required=True)
    reason = line("What is done.", "fibre splice", required=True)
