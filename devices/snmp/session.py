"""An SNMP session: nothing is connected, but the agent has answered and its vendor is known."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from devices.addresses import Endpoint, resolve
from devices.boottime import SteadyBootTime
from devices.session import (
    ConnectionLost,
    Deadline,
    DeviceError,
    DeviceTimeout,
    Interface,
    LoginFailed,
    PppoeSession,
    Queue,
    R,
    Row,
    Sensor,
    System,
    Unreachable,
    Unsupported,
)
from devices.snmp.engine import Engine
from devices.snmp.gufo_engine import GufoEngine
from devices.snmp.interfaces import read_interfaces
from devices.snmp.pysnmp_engine import PysnmpEngine
from devices.snmp.queues import read_pppoe_sessions, read_queues
from devices.snmp.sensors import read_sensors
from devices.snmp.sysdescr import MIKROTIK, enterprise_of
from devices.snmp.system import SYS_OBJECT_ID, SystemReader
from devices.snmp.walk import Walker
from inventory.models import Device, SnmpSettings

ENGINES: dict[str, Callable[[Endpoint, SnmpSettings, Deadline], Engine]] = {
    "gufo": GufoEngine,
    "pysnmp": PysnmpEngine,
}


class SnmpSession:
    """Reads one agent; see devices.session.Session for the contract."""

    def __init__(self, walker: Walker, enterprise: int | None) -> None:
        self._walker = walker
        self._enterprise = enterprise
        self._system_reader = SystemReader(walker)
        self._boot_time = SteadyBootTime()
        self._closed = False
        self._readers: dict[type[object], Callable[[Deadline], Sequence[Row]]] = {
            System: self._system,
            Sensor: lambda deadline: read_sensors(walker, enterprise, deadline),
            Interface: lambda deadline: read_interfaces(walker, deadline),
            Queue: lambda deadline: read_queues(self._mikrotik("queues"), deadline),
            PppoeSession: lambda deadline: read_pppoe_sessions(self._mikrotik("PPPoE sessions"), deadline),
        }

    def rows(self, kind: type[R], deadline: Deadline) -> Sequence[R]:
        """All rows of that kind, read now; a table the agent does not have has no rows."""
        if self._closed:
            raise ConnectionLost("the session is closed")
        if kind not in self._readers:
            raise Unsupported(f"the snmp driver does not read {kind.__name__}")
        try:
            return cast("Sequence[R]", self._readers[kind](deadline))
        except (ConnectionLost, DeviceTimeout):
            self.close()
            raise
        except (LoginFailed, Unreachable) as gone:  # it answered before: a new session finds out for good
            self.close()
            raise ConnectionLost(f"the agent answered and does no more: {gone}") from gone

    def ping(self, address: str, count: int, deadline: Deadline) -> list[float | None]:  # noqa: ARG002 - the contract's
        """Raises Unsupported: asking a router to ping (DISMAN-PING-MIB) needs write access."""
        raise Unsupported("the snmp driver cannot ping from the device")

    def close(self) -> None:
        """Let go of the socket; never raises, never waits."""
        if not self._closed:
            self._closed = True
            self._walker.close()

    def _system(self, deadline: Deadline) -> list[System]:
        system = self._system_reader.read(deadline, time.time())
        if system.boot_time is None:
            return [system]
        return [replace(system, boot_time=self._boot_time.settle(system.boot_time))]

    def _mikrotik(self, what: str) -> Walker:
        if self._enterprise != MIKROTIK:
            raise Unsupported(f"only MikroTik's agents show {what}")
        return self._walker


def open_snmp(device: Device, deadline: Deadline) -> SnmpSession:
    """Ask the agent who it is, so that a session that opens is one that answers.

    Raises DeviceTimeout where nothing answers (SNMP cannot tell a wrong community from a dead host),
    LoginFailed where a version 3 agent says so, Unreachable.
    """
    settings = device.snmp
    if settings is None:
        raise LoginFailed("the inventory gives no snmp settings for this device")
    failure: DeviceError = Unreachable(f'"{device.host}" has no address')
    endpoints = resolve(device.host, device.port, socket.SOCK_DGRAM, deadline)
    for tried, endpoint in enumerate(endpoints):
        try:
            return _open(endpoint, settings, Deadline(deadline.remaining() / (len(endpoints) - tried)))
        except (Unreachable, DeviceTimeout) as error:  # a name may have an address nobody listens on
            failure = error
    try:
        raise failure
    finally:
        del failure  # it refers to this frame and to the engine's: a circle would keep the socket open


def _open(endpoint: Endpoint, settings: SnmpSettings, deadline: Deadline) -> SnmpSession:
    walker = Walker(ENGINES[settings.engine](endpoint, settings, deadline))
    try:
        enterprise = enterprise_of(walker.get([SYS_OBJECT_ID], deadline).get(SYS_OBJECT_ID))
    except BaseException:
        walker.close()
        raise
    return SnmpSession(walker, enterprise)
