"""What a simulated network consists of, as frozen values; simulator/README.md describes the file they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from simulator.faults import Fault
from simulator.traffic import Traffic

Kind = Literal["routeros", "snmp"]

# What SNMPv3 users may be protected by (RFC 3414, 3826, 7860; AES192 and AES256 as the vendors do them).
AUTH_PROTOCOLS = ("MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512")
PRIVACY_PROTOCOLS = ("DES", "AES128", "AES192", "AES256")


class Listen(NamedTuple):
    """The address and port a device answers on; an IPv6 host is written without brackets here."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface; `receive` and `transmit` are as the router sees them.

    `descr` is ifDescr where it differs from the name. `members` are the VLANs a trunk carries, in the order of
    what its traffic sums: they are down when it is.
    """

    name: str
    receive: Traffic
    transmit: Traffic
    type: str = "ether"
    descr: str = ""
    comment: str = ""
    mac: str = ""
    vlan_id: int | None = None
    disabled: bool = False
    running: bool = True
    speed: int = 1_000_000_000
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """One simple queue; limits are bits per second, 0 for unlimited; `interface` is what carries it."""

    name: str
    target: str
    upload: Traffic
    download: Traffic
    upload_limit: int = 0
    download_limit: int = 0
    comment: str = ""
    disabled: bool = False
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class PppSession:
    """One PPPoE session that is up; its interface is called `<pppoe-NAME>`."""

    name: str
    address: str
    caller_id: str
    upload: Traffic
    download: Traffic
    interface: str | None = None

    @property
    def interface_name(self) -> str:
        """What RouterOS calls the dynamic interface of this session."""
        return f"<pppoe-{self.name}>"


@dataclass(frozen=True, slots=True)
class PingEvent:
    """From `start` to `end` (Unix seconds) a target answers in another time, or loses more; None leaves it as it is."""

    start: float
    end: float
    rtt_ms: float | None = None
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class PingTarget:
    """An address the device can ping: round trips of `rtt_ms` give or take `jitter_ms`, `loss` a ratio.

    `interface` is the way to it: when that is cut, every ping is lost.
    """

    address: str
    rtt_ms: float = 5.0
    jitter_ms: float = 0.5
    loss: float = 0.0
    interface: str | None = None
    events: tuple[PingEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate chain and key a device shows (PEM files)."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """An SNMPv3 user. Without `auth_key` noAuthNoPriv, without `privacy_key` authNoPriv."""

    name: str
    auth_protocol: str | None = None
    auth_key: str | None = None
    privacy_protocol: str | None = None
    privacy_key: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One simulated device as the file describes it. `booted` is Unix seconds."""

    id: str
    kind: Kind
    listen: Listen
    booted: float
    version: str = "7.16.2"
    identity: str = "MikroTik"
    board: str = "CCR2004-16G-2S+"
    encoding: str = "utf-8"
    tls: Tls | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    community: str | None = None
    snmp_users: tuple[SnmpUser, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    queues: tuple[Queue, ...] = ()
    ppp: tuple[PppSession, ...] = ()
    pings: tuple[PingTarget, ...] = ()
    recording: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
