"""An open RouterOS API session: asks for tables, hands the answers to the parsers, closes itself when lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from devices.boottime import SteadyBootTime
from devices.routeros import tables
from devices.routeros.login import log_in
from devices.routeros.reply import Attributes, read_reply
from devices.routeros.transport import Transport, connect
from devices.routeros.words import SentenceReader, encode_sentence
from devices.session import (
    BadReply,
    ConnectionLost,
    Deadline,
    DeviceTimeout,
    Interface,
    PppoeSession,
    Queue,
    R,
    Row,
    Sensor,
    System,
    Unsupported,
)
from inventory.models import Device

# RouterOS takes 10 ms to 5 s (/tool/ping documentation); its default of 1 s would outlast a probe.
PING_INTERVAL_MILLISECONDS = 200

_TABLES: dict[type[object], tuple[tuple[str, ...], Callable[[Sequence[Attributes]], Sequence[Row]]]] = {
    Sensor: (tables.SENSORS, tables.parse_sensors),
    Interface: (tables.INTERFACES, tables.parse_interfaces),
    Queue: (tables.QUEUES, tables.parse_queues),
    PppoeSession: (tables.PPPOE_SESSIONS, tables.parse_pppoe_sessions),
}


class RouterosSession:
    """A logged-in connection; see devices.session.Session for the contract."""

    def __init__(self, transport: Transport, reader: SentenceReader) -> None:
        self._transport = transport
        self._reader = reader
        self._boot_time = SteadyBootTime()
        self._closed = False

    def rows(self, kind: type[R], deadline: Deadline) -> Sequence[R]:
        """All rows of that kind, read now."""
        if kind is System:
            return cast("Sequence[R]", [self._system(deadline)])
        if kind not in _TABLES:
            raise Unsupported(f"the routeros driver does not read {kind.__name__}")
        words, parse = _TABLES[kind]
        return cast("Sequence[R]", parse(self._ask(deadline, *words)))

    def ping(self, address: str, count: int, deadline: Deadline) -> list[float | None]:
        """Round-trip times in seconds of `count` pings, sent 200 ms apart by the router.

        Needs the policy `test` on the router. Lasts `count` times 200 ms and the wait for the last echo:
        raises BadReply at once where the deadline leaves less.
        """
        if deadline.at - time.monotonic() < count * PING_INTERVAL_MILLISECONDS / 1000:
            raise BadReply(f"no time for {count} pings, {PING_INTERVAL_MILLISECONDS} ms apart")
        words = (f"=address={address}", f"=count={count}", f"=interval={PING_INTERVAL_MILLISECONDS}ms")
        return tables.parse_ping(self._ask(deadline, "/ping", *words))

    def close(self) -> None:
        """Let go of the connection; never raises, never waits."""
        self._closed = True
        self._transport.close()

    def _system(self, deadline: Deadline) -> System:
        system = tables.parse_system(self._ask(deadline, *tables.SYSTEM), time.time())
        if system.boot_time is None:
            return system
        return replace(system, boot_time=self._boot_time.settle(system.boot_time))

    def _ask(self, deadline: Deadline, *words: str) -> list[Attributes]:
        if self._closed:
            raise ConnectionLost("the session is closed")
        try:
            self._transport.send(encode_sentence(*words), deadline)
            reply = read_reply(self._reader, deadline)
        except (ConnectionLost, DeviceTimeout):
            self.close()  # what is still under way would be taken for the next answer
            raise
        return reply.checked_rows()


def open_routeros(device: Device, deadline: Deadline) -> RouterosSession:
    """Connect and log in. Raises Unreachable, LoginFailed, DeviceTimeout, ConnectionLost."""
    transport = connect(device, deadline)
    reader = SentenceReader(transport.receive)
    try:
        log_in(device, transport, reader, deadline)
    except BaseException:
        transport.close()
        raise
    return RouterosSession(transport, reader)
