"""What a client that is logged in may ask: print with its modifiers, ping, set."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from simulator.device import SimulatedDevice
from simulator.routeros.command import BAD_VALUE, MISSING_ITEM, Command, Trap
from simulator.routeros.connection import Connection
from simulator.routeros.ping import PingReport, parse_ping, round_trip_seconds
from simulator.routeros.queries import QueryError, matches
from simulator.routeros.rows import Prepared, Row, values
from simulator.routeros.shapes import parse_version
from simulator.routeros.tables import rows_of
from simulator.routeros.traffic_tables import ethernet_monitor
from simulator.routeros.writes import set_queue

# Since 7.18 a print that finds nothing says so: `!empty`, then `!done` (MikroTik's changelog of 7.18).
FIRST_WITH_EMPTY = (7, 18)
# Each combination of directory and properties a client asks for is prepared once; a client has a handful.
MOST_PREPARED = 64


class Commands:
    """The commands of one device, with what was prepared for its prints."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._prepared: dict[tuple[str, tuple[str, ...] | None], tuple[int, Prepared]] = {}

    async def execute(self, connection: Connection, command: Command) -> None:
        """Run one command to its `!done`. Raises Trap."""
        path = f"{command.directory}/{command.verb}"
        if path == "/ping":
            await self._ping(connection, command)
        elif command.verb in ("print", "getall"):
            await self._print(connection, command)
        elif path == "/queue/simple/set":
            set_queue(self._device, command.arguments)
            await connection.reply(command, b"!done")
        elif path == "/interface/ethernet/monitor":
            await self._monitor(connection, command)
        else:
            known = rows_of(self._device, command.directory) is not None
            raise Trap("no such command" if known else "no such command prefix")

    async def _print(self, connection: Connection, command: Command) -> None:
        now = self._device.clock()
        if command.queries:
            rows = self._matching(command, now)
            prepared = Prepared(rows, command.properties, self._device.spec.encoding)
        else:
            prepared = self._prepare(command)
        if "count-only" in command.arguments:
            await connection.reply(command, b"!done", f"=ret={len(prepared)}")
            return
        if prepared:
            await connection.send(prepared.render(now, command.tag_word))
        elif parse_version(self._device.spec.version) >= FIRST_WITH_EMPTY:
            await connection.reply(command, b"!empty")
        await connection.reply(command, b"!done")

    def _rows(self, directory: str) -> Sequence[Row]:
        rows = rows_of(self._device, directory)
        if rows is None:
            raise Trap("no such command prefix")
        return rows

    def _matching(self, command: Command, now: float) -> list[Row]:
        read = [values(row, now) for row in self._rows(command.directory)]
        try:
            return [row for row in read if matches(row, command.queries)]
        except QueryError as error:
            raise Trap(f"invalid query {error}", BAD_VALUE) from error

    def _prepare(self, command: Command) -> Prepared:
        key, revision = (command.directory, command.properties), self._device.revision
        if key in self._prepared and self._prepared[key][0] == revision:
            return self._prepared[key][1]
        prepared = Prepared(self._rows(command.directory), command.properties, self._device.spec.encoding)
        if len(self._prepared) >= MOST_PREPARED:
            self._prepared.clear()
        self._prepared[key] = revision, prepared
        return prepared

    async def _monitor(self, connection: Connection, command: Command) -> None:
        """A single reading; without `once` the router would go on for ever, which no client of ours asks for."""
        wanted = command.arguments.get("numbers") or command.arguments.get(".id") or ""
        row = ethernet_monitor(self._device, wanted)
        if row is None or "once" not in command.arguments:
            raise Trap("no such item" if row is None else "missing value(s) of argument(s) once", MISSING_ITEM)
        prepared = Prepared([row], command.properties, self._device.spec.encoding)
        await connection.send(prepared.render(self._device.clock(), command.tag_word))
        await connection.reply(command, b"!done")

    async def _ping(self, connection: Connection, command: Command) -> None:
        """One reply per probe: when its answer is there, or when the next probe is due."""
        request = parse_ping(command.arguments)
        if "/ping" in self._device.spec.recording:
            rows = self._device.spec.recording["/ping"]
            prepared = Prepared(rows, command.properties, self._device.spec.encoding)
            await connection.send(prepared.render(0.0, command.tag_word))
            await connection.reply(command, b"!done")
            return
        report = PingReport(request, parse_version(self._device.spec.version))
        while not request.count or report.sent < request.count:
            seconds = round_trip_seconds(self._device, request.address, self._device.clock())
            waited = request.interval if seconds is None or seconds > request.interval else seconds
            await asyncio.sleep(waited)
            row = report.reply(seconds)
            await connection.reply(command, b"!re", *_words(row, command.properties))
            if report.sent != request.count:
                await asyncio.sleep(request.interval - waited)
        await connection.reply(command, b"!done")


def _words(row: dict[str, str], properties: tuple[str, ...] | None) -> list[str]:
    return [f"={name}={value}" for name, value in row.items() if properties is None or name in properties]
