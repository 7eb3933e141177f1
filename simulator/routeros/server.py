"""The listener of one simulated router: accepts, refuses and drops as its faults say."""

from __future__ import annotations

import asyncio
import ssl

from simulator.device import SimulatedDevice
from simulator.network import Tls
from simulator.routeros.commands import Commands
from simulator.routeros.connection import Connection


class ApiServer:
    """A RouterOS API server, plain or TLS, for one device."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._commands = Commands(device)
        self._tls = None if device.spec.tls is None else server_context(device.spec.tls)
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._booted = device.booted

    async def apply(self) -> None:
        """Bring listener and connections in line with the device's faults. Raises OSError where it cannot listen."""
        away = self._device.away
        if away or self._device.booted != self._booted:
            self._drop()
        self._booted = self._device.booted
        if away and self._listener is not None:
            self._listener.close()
            self._listener = None
        elif not away and self._listener is None:
            host, port = self._device.spec.listen
            self._listener = await asyncio.start_server(self._accept, host, port, ssl=self._tls, backlog=256)

    async def close(self) -> None:
        """Stop listening and drop everyone."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._drop()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _drop(self) -> None:
        for connection in self._connections.values():
            connection.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client in a task of ours: asyncio would print a traceback for one of its own that is cancelled."""
        self._device.statistics.connections += 1
        connection = Connection(self._device, self._commands.execute, reader, writer)
        task = asyncio.create_task(connection.run())
        self._connections[task] = connection
        task.add_done_callback(self._connections.pop)


def server_context(tls: Tls) -> ssl.SSLContext:
    """The TLS side of a router that has a certificate. Raises OSError (also ssl.SSLError) where it cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.cert, tls.key)
    return context
