"""The narrow waist between routers and the rest: typed rows, one Session protocol, one error tree.

A driver turns its protocol's replies into these rows. A field the device did not give is None: never
0, never a guess. Counters are totals since the device started counting, in bytes or events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from inventory.models import Device


@dataclass(frozen=True, slots=True)
class System:
    """The device itself. `boot_time` is Unix seconds; `cpu` a ratio; memory in bytes."""

    vendor: str | None = None
    model: str | None = None
    version: str | None = None
    boot_time: float | None = None
    cpu: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None


@dataclass(frozen=True, slots=True)
class Sensor:
    """One temperature sensor, degrees Celsius, under the device's own name for it."""

    name: str
    celsius: float


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface. `key` tells it from all others in this reading (ifIndex, RouterOS `.id`).

    `name`, `descr`, `alias` are ifName, ifDescr, ifAlias (RouterOS: name, default-name, comment).
    `up` is the operational state: True, False, or None where the device says unknown or says nothing.
    `counter_bits` is 32 where the octet counters wrap at 2^32, else 64. `discontinuity` changes when
    the device says its counters were reset (ifCounterDiscontinuityTime).
    """

    key: str
    name: str | None = None
    descr: str | None = None
    alias: str | None = None
    up: bool | None = None
    receive_bytes: int | None = None
    transmit_bytes: int | None = None
    receive_errors: int | None = None
    transmit_errors: int | None = None
    receive_drops: int | None = None
    transmit_drops: int | None = None
    counter_bits: int = 64
    discontinuity: int | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """One simple queue. Limits are bits per second, infinity where the queue has none, None where not given."""

    key: str
    name: str
    upload_bytes: int | None = None
    download_bytes: int | None = None
    upload_limit: float | None = None
    download_limit: float | None = None
    upload_drops: int | None = None
    download_drops: int | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class PppoeSession:
    """One PPPoE session that is up now. With an `interface`, `user` is what that one's name says, else the device."""

    user: str
    interface: str | None


Row = System | Sensor | Interface | Queue | PppoeSession
R = TypeVar("R", bound=Row)


class Deadline:
    """A moment on the monotonic clock by which a whole probe must be done."""

    __slots__ = ("at",)

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; raises DeviceTimeout when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise DeviceTimeout("the probe's deadline passed")
        return left


class Session(Protocol):
    """An open, logged-in connection to one device. Used by one thread at a time."""

    def rows(self, kind: type[R], deadline: Deadline) -> Sequence[R]:
        """All rows of that kind, read now.

        Raises Unsupported where the device has no such table, DeviceError for anything that went wrong.
        After a ConnectionLost or DeviceTimeout the session is closed and must be opened anew.
        """
        ...

    def ping(self, address: str, count: int, deadline: Deadline) -> list[float | None]:
        """Round-trip times in seconds of `count` pings sent by the device; None is a lost one.

        Raises Unsupported where the device cannot ping for us, DeviceError as `rows` does.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; never raises, never waits."""
        ...


Opener = Callable[[Device, Deadline], Session]


class DeviceError(Exception):
    """A device did not do what was asked. The text says what happened and what to look at, never a secret."""


class Unreachable(DeviceError):
    """No connection: refused, no route, name not found, or TLS that does not verify."""


class LoginFailed(DeviceError):
    """The device is there and refuses our user, password, community or key."""


class DeviceTimeout(DeviceError):
    """No whole answer before the deadline."""


class ConnectionLost(DeviceError):
    """The device closed the connection or broke the protocol; the session cannot go on."""


class BadReply(DeviceError):
    """The device answered something of another shape; the session can go on."""


class Unsupported(DeviceError):
    """The device or its driver has no such thing: not a failure, just nothing to read."""
