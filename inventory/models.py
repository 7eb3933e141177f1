"""What is monitored and for whom, as frozen values: no I/O, no defaults that hide a missing fact.

Bandwidths are bits per second, durations seconds, shares ratios (0.995, not 99.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NewType
from zoneinfo import ZoneInfo

from inventory.secrets import Secret

# The drivers an inventory may name. `devices.DRIVERS` maps each to code; a test holds the two equal,
# since this room imports none of ours.
DRIVER_NAMES: tuple[str, ...] = ("routeros", "snmp")

BitsPerSecond = NewType("BitsPerSecond", int)

Measure = Literal["max", "sum", "receive", "transmit"]
TenantKind = Literal["reseller", "client"]
AttachKind = Literal["interface", "queue", "pppoe"]
Faces = Literal["customer", "upstream"]
PingFrom = Literal["server", "device"]
Language = Literal["en", "bn"]
Channel = Literal["whatsapp", "email"]


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or desk that is told. At least one of `whatsapp` (E.164) and `email` is set.

    The fields have the same names in the file, in the registry's table, in forms and in the API.
    """

    name: str
    whatsapp: str | None = None
    email: str | None = None
    language: Language = "en"

    @property
    def ways(self) -> tuple[tuple[Channel, str], ...]:
        """How it is told, with the address there: what is tried first comes first, mail last."""
        given: tuple[tuple[Channel, str | None], ...] = (("whatsapp", self.whatsapp), ("email", self.email))
        return tuple((channel, address) for channel, address in given if address)


CONTACT_FIELDS = tuple(each.name for each in fields(Contact))


@dataclass(frozen=True, slots=True)
class Isp:
    """The top tenant: whose network this is. `timezone` is an IANA name, `currency` ISO 4217."""

    id: str
    name: str
    timezone: str
    currency: str
    contacts: tuple[Contact, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone its contracts and its messages speak in."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Tls:
    """How a session is protected. With `enabled` there is never a fall-back to plain text.

    The authorities that are trusted instead of the system's are in `ca_file`, or as PEM text in `ca`.
    """

    enabled: bool = True
    verify: bool = True
    ca_file: Path | None = None
    ca: str | None = None


@dataclass(frozen=True, slots=True)
class SnmpKey:
    """A localized-by-password SNMPv3 key: `protocol` as the device names it (SHA256, AES128, ...)."""

    protocol: str
    key: Secret


@dataclass(frozen=True, slots=True)
class SnmpSettings:
    """How an agent is spoken to. `community` for versions 1 and 2c, the user and keys for version 3."""

    version: Literal["1", "2c", "3"]
    community: Secret | None = None
    username: str | None = None
    auth: SnmpKey | None = None
    privacy: SnmpKey | None = None
    engine: Literal["gufo", "pysnmp"] = "gufo"


@dataclass(frozen=True, slots=True)
class Device:
    """A router or switch we poll. `port` is the driver's standard one unless the inventory says otherwise.

    `place` is where it stands, for people.
    """

    id: str
    driver: str
    host: str
    port: int
    timeout_seconds: float
    username: str | None = None
    password: Secret | None = None
    tls: Tls = field(default_factory=Tls)
    snmp: SnmpSettings | None = None
    place: str | None = None

    def secrets(self) -> tuple[tuple[str, Secret], ...]:
        """Its secrets by name: password, community, auth, privacy."""
        snmp = self.snmp
        named = (
            ("password", self.password),
            ("community", snmp.community if snmp else None),
            ("auth", snmp.auth.key if snmp and snmp.auth else None),
            ("privacy", snmp.privacy.key if snmp and snmp.privacy else None),
        )
        return tuple((name, secret) for name, secret in named if secret is not None)


@dataclass(frozen=True, slots=True)
class Vlan:
    """One member of a link, carried by one interface of one device."""

    vlan: int
    device: str
    interface: str
    capacity: BitsPerSecond


@dataclass(frozen=True, slots=True)
class Link:
    """An upstream link: VLANs that share one alert threshold."""

    id: str
    name: str
    threshold: BitsPerSecond
    measure: Measure
    vlans: tuple[Vlan, ...]


@dataclass(frozen=True, slots=True)
class Attach:
    """Where a circuit is on its device: the interface, queue or PPPoE user of that name."""

    kind: AttachKind
    name: str


@dataclass(frozen=True, slots=True)
class Committed:
    """The rate a tenant bought, each way as the tenant sees it."""

    download: BitsPerSecond
    upload: BitsPerSecond


@dataclass(frozen=True, slots=True)
class Sla:
    """What was promised; a part that was not promised is None."""

    uptime_ratio: float | None = None
    latency_seconds: float | None = None
    loss_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class ActivePeriod:
    """The days a circuit is in service, both inclusive, in the ISP's time zone; None is open-ended."""

    first: date | None = None
    last: date | None = None

    def contains(self, day: date) -> bool:
        """Whether the circuit is in service on that day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def overlaps(self, other: ActivePeriod) -> bool:
        """Whether there is a day that is in both."""
        begins = max(self.first or date.min, other.first or date.min)
        return begins <= min(self.last or date.max, other.last or date.max)


@dataclass(frozen=True, slots=True)
class Circuit:
    """What a tenant buys. `ping` is an IP address literal, asked from the server or from the device."""

    id: str
    name: str
    tenant: str
    device: str
    attach: Attach
    committed: Committed
    faces: Faces = "customer"
    ping: str | None = None
    ping_from: PingFrom = "server"
    sla: Sla = field(default_factory=Sla)
    active: ActivePeriod = field(default_factory=ActivePeriod)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A reseller or leased-line client: it logs in and sees only its own."""

    id: str
    kind: TenantKind
    name: str
    contacts: tuple[Contact, ...] = ()
    circuits: tuple[Circuit, ...] = ()


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Announced work on circuits and links; all times carry an offset, `approved_at` is before `starts`."""

    id: str
    circuits: tuple[str, ...]
    links: tuple[str, ...]
    starts: datetime
    ends: datetime
    approved_at: datetime
    approved_by: str
    reason: str

    def covers(self, moment: datetime) -> bool:
        """Whether the window is open at `moment`: from `starts` on, until just before `ends`."""
        return self.starts <= moment < self.ends


@dataclass(frozen=True)
class Inventory:
    """Everything one ISP's file says, cross-checked: every id that is named here exists here."""

    isp: Isp
    devices: Mapping[str, Device]
    links: Mapping[str, Link]
    tenants: Mapping[str, Tenant]
    maintenance: tuple[Maintenance, ...] = ()

    def circuits(self) -> Iterator[Circuit]:
        """Every circuit, in the order of the file."""
        for tenant in self.tenants.values():
            yield from tenant.circuits

    def circuits_on(self, device: str) -> tuple[Circuit, ...]:
        """The circuits carried by one device."""
        return self._circuits_by_device.get(device, ())

    def vlans_on(self, device: str) -> tuple[tuple[Link, Vlan], ...]:
        """The VLANs carried by one device, each with the link it belongs to."""
        return self._vlans_by_device.get(device, ())

    @cached_property
    def circuit_by_id(self) -> Mapping[str, Circuit]:
        """Every circuit by its id."""
        return MappingProxyType({circuit.id: circuit for circuit in self.circuits()})

    @cached_property
    def _circuits_by_device(self) -> Mapping[str, tuple[Circuit, ...]]:
        grouped: dict[str, list[Circuit]] = {}
        for circuit in self.circuits():
            grouped.setdefault(circuit.device, []).append(circuit)
        return {device: tuple(circuits) for device, circuits in grouped.items()}

    @cached_property
    def _vlans_by_device(self) -> Mapping[str, tuple[tuple[Link, Vlan], ...]]:
        grouped: dict[str, list[tuple[Link, Vlan]]] = {}
        for link in self.links.values():
            for vlan in link.vlans:
                grouped.setdefault(vlan.device, []).append((link, vlan))
        return {device: tuple(vlans) for device, vlans in grouped.items()}
