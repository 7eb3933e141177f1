"""Reads NETWORK.yml into the values of simulator.network; simulator/README.md describes the file."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection
from itertools import chain
from pathlib import Path

import yaml

from simulator.faults import Fault, FaultError
from simulator.network import (
    AUTH_PROTOCOLS,
    PRIVACY_PROTOCOLS,
    Device,
    Interface,
    Listen,
    PingEvent,
    PingTarget,
    PppSession,
    Queue,
    SnmpUser,
    Tls,
)
from simulator.recordings import read_recording
from simulator.routeros.shapes import parse_version
from simulator.sections import NetworkError, Section
from simulator.traffic import Sum, Traffic
from simulator.traffic_file import traffic_pair

# libyaml where it is built in: a thousand queues load in a tenth of the time.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEFAULT_UPTIME_SECONDS = 30 * 86400.0


def load_network(path: Path) -> tuple[Device, ...]:
    """The devices of a network file. Raises NetworkError naming the place, OSError where it cannot be read."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, either one
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
    for what in ("interfaces", "queues", "ppp"):
        names = [item.name for item in getattr(device, what)]
        if len(set(names)) != len(names):
            raise NetworkError(f"{section.place}: {what}: expected names that differ")
    if device.kind == "routeros" and not device.users:
        raise NetworkError(f"{section.place}: users is missing: a router needs at least one, as {{name: password}}")
    if device.kind == "snmp" and device.community is None and not device.snmp_users:
        raise NetworkError(f"{section.place}: an agent needs a community or snmp_users")
    try:
        parse_version(device.version)
    except ValueError as error:
        raise section.fail("version", "a RouterOS version, for example 7.16.2") from error
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
        _one_of(section, "auth_protocol", AUTH_PROTOCOLS),
        section.text("auth_key", None),
        _one_of(section, "privacy_protocol", PRIVACY_PROTOCOLS),
        section.text("privacy_key", None),
    )
    section.done()
    return user


def _one_of(section: Section, key: str, known: Collection[str]) -> str | None:
    value: str | None = section.text(key, None)
    if value is not None and value not in known:
        raise section.fail(key, f"one of {', '.join(known)}")
    return value


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
    receive, transmit = traffic_pair(section, seed, ("receive", "transmit"))
    return _interface_of(section, receive, transmit, ())


def _interface_of(section: Section, receive: Traffic, transmit: Traffic, members: tuple[str, ...]) -> Interface:
    vlan_id, mac = section.number("vlan_id", None), section.text("mac", "")
    if mac and re.fullmatch(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", mac) is None:
        raise section.fail("mac", "six octets like D4:CA:6D:26:05:F7")
    interface = Interface(
        name=section.text("name"),
        receive=receive,
        transmit=transmit,
        type=section.text("type", "ether"),
        descr=section.text("descr", ""),
        comment=section.text("comment", ""),
        mac=mac,
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
    download, upload = traffic_pair(section, seed, ("download", "upload"), (download_limit, upload_limit))
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
    download, upload = traffic_pair(section, seed, ("download", "upload"))
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
