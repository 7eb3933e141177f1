"""All devices of a network at work in one event loop, and the clock that lets their faults begin and end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from simulator.device import SimulatedDevice
from simulator.network import Device
from simulator.routeros.server import ApiServer
from simulator.snmp.agent import Agent

log = structlog.get_logger()

# How late a scheduled fault may be noticed by a device nobody talks to.
TICK_SECONDS = 0.05


class Server(Protocol):
    """What answers for one device."""

    async def apply(self) -> None:
        """Bring listener and connections in line with the device's faults. Raises OSError where it cannot listen."""
        ...

    async def close(self) -> None:
        """Stop for good."""
        ...


SERVERS: dict[str, Callable[[SimulatedDevice], Server]] = {"routeros": ApiServer, "snmp": Agent}


class Simulation:
    """The devices by id, each with its server."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self.devices = {spec.id: SimulatedDevice(spec) for spec in devices}
        self._servers = {id_: SERVERS[device.spec.kind](device) for id_, device in self.devices.items()}
        self._applied: dict[str, int] = {}

    async def start(self) -> None:
        """Listen for every device. Raises OSError naming the address that is taken."""
        for device in self.devices.values():
            device.warm()
        await self.apply()

    async def apply(self) -> None:
        """Let every device whose state changed act upon it."""
        for id_, device in self.devices.items():
            device.turn()
            if self._applied.get(id_) != device.revision:
                self._applied[id_] = device.revision
                await self._servers[id_].apply()

    async def run(self) -> None:
        """Keep the devices in step with time, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.apply()
            except OSError as error:
                log.warning("a device cannot listen again", reason=str(error))

    async def close(self) -> None:
        """Stop all devices."""
        for server in self._servers.values():
            await server.close()
