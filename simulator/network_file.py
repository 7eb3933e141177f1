"""Reads NETWORK.yml into the values of simulator.network; simulator/README.md describes the file."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import yaml

from simulator.faults import Fault, FaultError
from simulator.network import Device, Interface, Listen, PingEvent, PingTarget, PppSession, Queue, SnmpUser, Tls
from simulator.recordings import read_recording
from simulator.sections import NetworkError, Section
from simulator.traffic import Event, Profile, Sum, Traffic

DEFAULT_UPTIME_SECONDS = 30 * 86400.0


def load_network(path: Path) -> tuple[Device, ...]:
    """The devices of a network file. Raises NetworkError naming the place, OSError where it cannot be read."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise NetworkError(f"{path}: not YAML: {error}") from error
    return parse_network(document, str(path), path.parent)


def parse_network(document: object, place: str, folder: Path) -> tuple[Device, ...]:
    """The devices of a network document. Raises NetworkError."""
    root = Section(document, place, folder)
    devices = tuple(_device(section) for section in root.sections("devices", "id"))
    root.done()
    for what, values in (("id", [d.id for d in devices]), ("listen", [(d.kind, d.listen) for d in devices])):
        if len(set(values)) != len(values):
            raise NetworkError(f"{place}: two devices have the same {what}")
    return devices


def _device(section: Section) -> Device:
    kind = section.text("kind", "routeros")
    if kind not in ("routeros", "snmp"):
        raise section.fail("kind", "routeros or snmp")
    seed = section.text("id")
    interfaces = _interfaces(section, seed)
    device = Device(
        id=seed,
        kind=kind,
        listen=_listen(section),
        booted=section.number("booted", time.time() - DEFAULT_UPTIME_SECONDS),
        version=section.text("version", "7.16.2"),
        identity=section.text("identity", seed),
        board=section.text("board", "CCR2004-16G-2S+"),
        encoding=section.text("encoding", "utf-8"),
        tls=_tls(section.section("tls")) if section.has("tls") else None,
        users={name: str(password) for name, password in section.mapping("users").items()},
        community=section.text("community", None),
        snmp_users=tuple(map(_snmp_user, section.sections("snmp_users", "name"))),
        interfaces=interfaces,
        queues=tuple(_queue(item, seed) for item in section.sections("queues", "name")),
        ppp=tuple(_session(item, seed) for item in section.sections("ppp", "name")),
        pings=tuple(map(_ping_target, section.sections("pings", "address"))),
        recording={path: read_recording(section, path, what) for path, what in section.mapping("recording").items()},
        faults=tuple(fault_from(item) for item in section.sections("faults", "kind")),
    )
    section.done()
    _check(section, device)
    return device


def _check(section: Section, device: Device) -> None:
    """What no single key can tell. Raises NetworkError."""
    for item in chain[Queue | PppSession | PingTarget | Fault](device.queues, device.ppp, device.pings, device.faults):
        check_carrier(device, item, section.place)
    if device.kind == "routeros" and not device.users:
        raise NetworkError(f"{section.place}: users is missing: a router needs at least one, as {{name: password}}")
    if device.kind == "snmp" and device.community is None and not device.snmp_users:
        raise NetworkError(f"{section.place}: an agent needs a community or snmp_users")
    try:
        "".join(chain(_interface_names(device), (queue.name for queue in device.queues))).encode(
            device.encoding, "surrogatepass"
        )
    except (LookupError, UnicodeEncodeError) as error:
        raise NetworkError(f"{section.place}: encoding: {error}") from error


def check_carrier(device: Device, item: Queue | PppSession | PingTarget | Fault, place: str) -> None:
    """Raises NetworkError where `item` names an interface the device does not have."""
    if item.interface is not None and item.interface not in _interface_names(device):
        raise NetworkError(f'{place}: there is no interface "{item.interface}" on {device.id}')


def _interface_names(device: Device) -> set[str]:
    return {interface.name for interface in device.interfaces} | {item.interface_name for item in device.ppp}


def _listen(section: Section) -> Listen:
    host, colon, port = str(section.text("listen")).rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise section.fail("listen", "HOST:PORT, for example 127.0.0.1:8728")
    return Listen(host.strip("[]"), int(port))


def _tls(section: Section) -> Tls:
    tls = Tls(section.path("cert"), section.path("key"))
    section.done()
    return tls


def _snmp_user(section: Section) -> SnmpUser:
    user = SnmpUser(
        section.text("name"),
        section.text("auth_protocol", None),
        section.text("auth_key", None),
        section.text("privacy_protocol", None),
        section.text("privacy_key", None),
    )
    section.done()
    return user


def _interfaces(section: Section, seed: str) -> tuple[Interface, ...]:
    """In the order of the file; a trunk may come before the VLANs it sums."""
    items = section.sections("interfaces", "name")
    plain = {item.text("name"): _interface(item, seed) for item in items if not item.has("sum_of")}
    return tuple(_trunk(item, plain) if item.has("sum_of") else plain[item.text("name")] for item in items)


def _trunk(section: Section, plain: dict[str, Interface]) -> Interface:
    members = [str(name) for name in section.items("sum_of")]
    if missing := [name for name in members if name not in plain]:
        raise section.fail("sum_of", f'interfaces of this device with traffic of their own; "{missing[0]}" is none')
    receive = Sum([plain[name].receive for name in members])
    transmit = Sum([plain[name].transmit for name in members])
    return _interface_of(section, receive, transmit, tuple(members))


def _interface(section: Section, seed: str) -> Interface:
    receive, transmit = _traffic(section, seed, "receive", "transmit")
    return _interface_of(section, receive, transmit, ())


def _interface_of(section: Section, receive: Traffic, transmit: Traffic, members: tuple[str, ...]) -> Interface:
    vlan_id = section.number("vlan_id", None)
    interface = Interface(
        name=section.text("name"),
        receive=receive,
        transmit=transmit,
        type=section.text("type", "ether"),
        descr=section.text("descr", ""),
        comment=section.text("comment", ""),
        mac=section.text("mac", ""),
        vlan_id=None if vlan_id is None else int(vlan_id),
        disabled=section.flag("disabled", default=False),
        running=section.flag("running", default=True),
        speed=int(section.rate("speed", 1_000_000_000)),
        members=members,
    )
    section.done()
    return interface


def _queue(section: Section, seed: str) -> Queue:
    limits = section.section("max_limit")
    upload_limit, download_limit = limits.rate("upload", 0), limits.rate("download", 0)
    limits.done()
    download, upload = _traffic(section, seed, "download", "upload", (download_limit, upload_limit))
    queue = Queue(
        name=section.text("name"),
        target=section.text("target", ""),
        upload=upload,
        download=download,
        upload_limit=int(upload_limit),
        download_limit=int(download_limit),
        comment=section.text("comment", ""),
        disabled=section.flag("disabled", default=False),
        interface=section.text("interface", None),
    )
    section.done()
    return queue


def _session(section: Section, seed: str) -> PppSession:
    download, upload = _traffic(section, seed, "download", "upload")
    session = PppSession(
        name=section.text("name"),
        address=section.text("address", ""),
        caller_id=section.text("caller_id", ""),
        upload=upload,
        download=download,
        interface=section.text("interface", None),
    )
    section.done()
    return session


def _ping_target(section: Section) -> PingTarget:
    target = PingTarget(
        address=section.text("address"),
        rtt_ms=section.number("rtt_ms", 5.0),
        jitter_ms=section.number("jitter_ms", 0.5),
        loss=section.number("loss", 0.0),
        interface=section.text("interface", None),
        events=tuple(map(_ping_event, section.sections("events", "start"))),
    )
    section.done()
    return target


def _ping_event(section: Section) -> PingEvent:
    event = PingEvent(
        section.number("start"), section.number("end"), section.number("rtt_ms", None), section.number("loss", None)
    )
    section.done()
    return event


def _traffic(
    section: Section, seed: str, main: str, other: str, caps: Sequence[float] = (0, 0)
) -> tuple[Profile, Profile]:
    """The two directions, the busier one first: `mean` is its mean, `share` what part of it the other one is."""
    traffic = section.section("traffic")
    mean, share = traffic.rate("mean", 0.0), traffic.number("share", 0.25)
    name = traffic.text("seed", f"{seed} {section.text('name')}")
    weekdays = tuple(float(factor) for factor in traffic.items("weekdays", [1.0] * 7))
    try:
        events = tuple(map(_event, traffic.sections("events", "start")))
        common = {"phase": 3600 * traffic.number("phase_hours", 0.0), "noise_share": traffic.number("noise", 0.1)}
        busier = Profile(mean, f"{name} {main}", **common, weekdays=weekdays, cap=caps[0] or None, events=events)
        # A surge given outright is one of the busier direction; the other one keeps its share of it.
        lesser = tuple(
            Event(e.start, e.end, e.factor, None if e.bps is None else e.bps * share, e.ramp) for e in events
        )
        rest = Profile(mean * share, f"{name} {other}", **common, weekdays=weekdays, cap=caps[1] or None, events=lesser)
    except ValueError as error:
        raise NetworkError(f"{traffic.place}: {error}") from error
    traffic.done()
    return busier, rest


def _event(section: Section) -> Event:
    event = Event(
        section.number("start"),
        section.number("end"),
        section.number("factor", None),
        section.rate("bps", None),
        section.number("ramp", 0.0),
    )
    section.done()
    return event


def fault_from(section: Section, now: float | None = None) -> Fault:
    """One fault; with `now`, `at` may be left out and `seconds` given for `until`. Raises NetworkError."""
    at = section.number("at", ... if now is None else now)
    seconds = section.number("seconds", math.inf)
    try:
        fault = Fault(
            kind=section.text("kind"),
            at=at,
            until=section.number("until", at + seconds),
            interface=section.text("interface", None),
            ping=section.text("ping", None),
            delay=section.number("delay", 5.0),
        )
    except FaultError as error:
        raise NetworkError(f"{section.place}: {error}") from error
    section.done()
    return fault
