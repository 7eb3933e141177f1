"""One address being pinged: what was asked last, and whether an answer is the one to it. No I/O."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct

from exporter.ping.stats import PingStats

TIMEOUT_SECONDS = 1.0  # an answer that takes longer is a lost ping

_NO_INTERFACE = 0x7FFFFFFF  # an index no interface has, so that sending says so; 0 would mean any


class Target:
    """An address, its stats, and at most one ping under way.

    `cookie` is 64 random bits that only this address gets to see: no other can answer in its place. The time of
    sending is kept here and not in the packet, so an answer cannot lie about it.
    """

    __slots__ = (
        "_asked_at",
        "_asked_unix_ns",
        "_waiting",
        "_zone",
        "address",
        "cookie",
        "family",
        "on_link",
        "sequence",
        "sockaddr",
        "source",
        "stats",
    )

    def __init__(self, address: str) -> None:
        """Take an IPv4 or IPv6 literal, the latter with a %zone if need be. Raises ValueError for anything else."""
        ip = ipaddress.ip_address(address)
        self.address = address
        self.family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
        self.source = ip.packed
        self.on_link = ip.is_link_local
        self._zone = ip.scope_id if isinstance(ip, ipaddress.IPv6Address) else None
        self.sockaddr = b""
        self.cookie = int.from_bytes(os.urandom(8))
        self.sequence = 0
        self.stats = PingStats()
        self._waiting = False
        self._asked_at = 0.0
        self._asked_unix_ns = 0
        self.locate()

    def locate(self) -> None:
        """Pack the address anew: the interface a %zone names may have gone, or come back under another index."""
        if self.family == socket.AF_INET:
            self.sockaddr = struct.pack("=HH4s8x", socket.AF_INET, 0, self.source)
        else:
            self.sockaddr = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, self.source, _interface_index(self._zone))

    def next_sequence(self) -> int:
        """Settle the ping before, which is lost if it still waits, and number the one to send now."""
        if self._waiting:
            self._waiting = False
            self.stats.record(None)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return self.sequence

    def asked(self, now: float, unix_ns: int) -> None:
        """The request went out at `now` (monotonic seconds, or somewhat before) and `unix_ns` (Unix time)."""
        self._waiting = True
        self._asked_at = now
        self._asked_unix_ns = unix_ns

    def answered(self, sequence: int, source: bytes | bytearray, unix_ns: int | None, now: float) -> None:
        """Record the reply if it is the one we wait for, from the address we asked; pass over any other.

        `unix_ns` is when the kernel received it, None where it did not say; `now` is monotonic, and later.
        """
        if not self._waiting or sequence != self.sequence or source != self.source:
            return
        self._waiting = False
        rtt = self._round_trip(unix_ns, now)
        self.stats.record(rtt if rtt <= TIMEOUT_SECONDS else None)

    def _round_trip(self, unix_ns: int | None, now: float) -> float:
        # The monotonic measure holds the time the reply waited for us, so it is never too short. Where the other
        # is longer, or not positive, Unix time was set in between.
        longest = now - self._asked_at
        if unix_ns is None:
            return longest
        rtt = (unix_ns - self._asked_unix_ns) / 1e9
        return rtt if 0 < rtt <= longest else longest


def _interface_index(zone: str | None) -> int:
    if zone is None:
        return 0
    if zone.isdecimal():
        return int(zone)
    try:
        return socket.if_nametoindex(zone)
    except OSError:
        return _NO_INTERFACE
