"""Sends the pings of one family, and tells a failed ping from one that could not be sent."""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Iterator

import structlog

from exporter.exposition import Exposition, Metric
from exporter.ping.sockets import Family, IcmpSocket, Reply, SocketRefused, reaches_out
from exporter.ping.target import Target

log = structlog.get_logger()

SOCKET_UP = Metric(
    "backhaul_pinger_socket_up",
    "gauge",
    ("family",),
    "1 when this server can send pings of the family (ipv4, ipv6), 0 when it is refused the socket or has no address "
    "to send from (the log says what to set). Absent where no circuit needs the family.",
)
NOT_SENT = Metric(
    "backhaul_pinger_not_sent_total",
    "counter",
    ("family",),
    "Pings that were due and not sent: no socket, no address, refused by this system, or the pinger had no time. "
    "They count as unknown, not as lost.",
)
METRICS: tuple[Metric, ...] = (SOCKET_UP, NOT_SENT)

# The way to the target is gone: a cut cable, a deleted interface. Such a ping failed. All other errors are this
# system's (EPERM of a local firewall, ENOBUFS, ...) and say nothing about the circuit; nor do these where the system
# never had an address of the family to send from, as a container without IPv6.
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENODEV, errno.EADDRNOTAVAIL})

_NO_ADDRESS = "this system has no IPv6 address but for its own links: give it one, or its container (docs/install.md)"
_STUCK_SECONDS = 3.0  # every target has its turn once a second

_SAY_AGAIN_SECONDS = 60.0  # the same reason is logged once in this time, not for every circuit and second


class Sender:
    """The pings of one family: its socket, and what stands in their way. Not thread-safe."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._socket: IcmpSocket | None = None
        self.wanted = False
        self._not_sent = 0
        self._reaches_out = False  # once it did, a way that is missing is one that was lost
        self._stuck_at = -math.inf
        self._said: dict[str, float] = {}
        self._up_series = SOCKET_UP.series(family.name)
        self._not_sent_series = NOT_SENT.series(family.name)

    def open(self) -> None:
        """Open the socket if it is needed and not open; says in the log, once, why that cannot be."""
        self.wanted = True
        self._look_out()
        if self._socket is not None:
            return
        try:
            self._socket = IcmpSocket(self._family)
        except SocketRefused as error:
            log.warning("circuits are not pinged and stay unknown", family=self._family.name, reason=str(error))
        else:
            log.info("pinging", family=self._family.name, socket="raw" if self._socket.raw else "datagram")

    def ask(self, target: Target, now: float) -> None:
        """Take the target's turn."""
        if self._socket is None:
            self.pass_over(target)
            return
        error = self._socket.ask(target, now)
        if not error:
            return
        target.locate()
        if error not in _NO_WAY:
            self.pass_over(target)
            self._say_not_sent(target, os.strerror(error))
        elif self._reaches_out or target.on_link:
            target.stats.record(None)
        else:
            self._stuck_at = now
            self.pass_over(target)
            self._say_not_sent(target, _NO_ADDRESS)

    def replies(self) -> Iterator[Reply]:
        """The echo replies that came in; whose they are is still to be checked."""
        return iter(()) if self._socket is None else self._socket.replies()

    def pass_over(self, target: Target) -> None:
        """Let the target's turn go by."""
        self._not_sent += 1
        target.stats.skip()

    def write(self, exposition: Exposition, *, alive: bool) -> None:
        """Add the family's own metrics, where a circuit needs it."""
        if self.wanted:
            self._look_out()
            stuck = time.monotonic() - self._stuck_at < _STUCK_SECONDS
            exposition.add(SOCKET_UP, self._up_series, int(alive and self._socket is not None and not stuck))
            exposition.add(NOT_SENT, self._not_sent_series, self._not_sent)

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _look_out(self) -> None:
        self._reaches_out = self._reaches_out or reaches_out(self._family)

    def _say_not_sent(self, target: Target, reason: str) -> None:
        now = time.monotonic()
        if now - self._said.get(reason, -math.inf) >= _SAY_AGAIN_SECONDS:
            self._said[reason] = now
            log.warning("pings are not sent", family=self._family.name, address=target.address, reason=reason)
