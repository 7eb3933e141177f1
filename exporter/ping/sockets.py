"""Opens the ICMP socket of a family in the way this system allows, and speaks echo over it."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import structlog

from exporter.ping import icmp
from exporter.ping.mmsg import DATAGRAM_BYTES, IS_TIMESTAMP, SO_TIMESTAMPNS, Incoming, Outgoing
from exporter.ping.target import Target

log = structlog.get_logger()

RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024  # a second of 5,000 replies, each charged 768 to 1,500 bytes by the kernel

# Options Python does not name; numbers of Linux' own headers.
_SO_RCVBUFFORCE = 33  # asm-generic/socket.h; past net.core.rmem_max, with CAP_NET_ADMIN
_SOL_RAW = 255  # linux/socket.h
_ICMP_FILTER = 1  # linux/icmp.h; a bit set keeps that type out
_ICMPV6_FILTER = 1  # linux/icmpv6.h, level IPPROTO_ICMPV6; likewise, RFC 3542 section 3.2


@dataclass(frozen=True, slots=True)
class Family:
    """What differs between IPv4 and IPv6. `source` takes the address out of NAME_BYTES that begin with a sockaddr."""

    name: Literal["ipv4", "ipv6"]
    number: socket.AddressFamily
    protocol: int
    types: icmp.EchoTypes
    sockaddr_bytes: int
    source: struct.Struct


IPV4: Final = Family("ipv4", socket.AF_INET, socket.IPPROTO_ICMP, icmp.ICMP, 16, struct.Struct("4x4s20x"))
IPV6: Final = Family("ipv6", socket.AF_INET6, socket.IPPROTO_ICMPV6, icmp.ICMPV6, 28, struct.Struct("8x16s4x"))


_IPV6_ADDRESSES = Path("/proc/net/if_inet6")  # a line each: address, interface's index, prefix, scope, flags, its name
_GLOBAL_SCOPE = "00"  # RFC 4007's global scope as Linux writes it; unique local addresses (fc00::/7) have it too


def reaches_out(family: Family) -> bool:
    """Whether this system has an address that is good beyond its own links. Asked of IPv6; IPv4 is taken for given."""
    if family is IPV4:
        return True
    try:
        addresses = _IPV6_ADDRESSES.read_text(encoding="ascii")
    except FileNotFoundError:  # a kernel without IPv6
        return False
    return any(line.split()[3] == _GLOBAL_SCOPE for line in addresses.splitlines())


class SocketRefused(Exception):
    """The system lets us open no ICMP socket of that family; the text says what to set."""


# An echo reply: its sequence number, cookie, source (packed address), the kernel's time of arrival (Unix ns, None where
# it gave none), and the monotonic time at which it had been read. Not a NamedTuple, which takes longer to make than all
# the rest of reading it.
Reply = tuple[int, int, bytes, int | None, float]


class IcmpSocket:
    """The socket all pings of one family share. Raises SocketRefused where the system allows none."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self._socket = _open(family)
        self.raw = self._socket.type == socket.SOCK_RAW
        self._descriptor = self._socket.fileno()
        # On a datagram socket the kernel puts its own identifier in and hands us only replies to that.
        self._identifier = int.from_bytes(os.urandom(2))
        self._outgoing = Outgoing(icmp.REQUEST_BYTES, family.sockaddr_bytes)
        self._ip_header = self.raw and family is IPV4
        self._usual, fields = icmp.usual_reply(DATAGRAM_BYTES, ip_header=self._ip_header)
        self._incoming = Incoming(fields, family.source)

    def ask(self, target: Target, now: float) -> int:
        """Send the target's next request; 0, or the errno of the failure. `now` is the monotonic time, or before."""
        sequence = target.next_sequence()
        icmp.write_request(self._outgoing.data, self.family.types, self._identifier, sequence, target.cookie)
        sent_unix_ns = time.time_ns()
        error = self._outgoing.send(self._descriptor, target.sockaddr)
        if not error:
            target.asked(now, sent_unix_ns)
        return error

    def replies(self) -> Iterator[Reply]:
        """The echo replies that came in; whose they are is still to be checked."""
        incoming, types = self._incoming, self.family.types
        for datagrams in incoming.receive(self._descriptor):
            now = time.monotonic()
            for start, (length,), fields, (source,), (_, stamp, seconds, nanoseconds) in datagrams:
                if length == self._usual:
                    kind, code, identifier, sequence, cookie = fields
                    if kind != types.reply or code != 0:
                        continue
                else:
                    echo = icmp.read_reply(incoming.data, start, length, types, ip_header=self._ip_header)
                    if echo is None:
                        continue
                    identifier, sequence, cookie = echo
                # On a datagram socket the kernel has looked at the identifier, which is its own.
                if identifier == self._identifier or not self.raw:
                    unix_ns = seconds * 1_000_000_000 + nanoseconds if stamp == IS_TIMESTAMP else None
                    yield sequence, cookie, source, unix_ns, now

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


def _open(family: Family) -> socket.socket:
    opened = _open_permitted(family)
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    _raise_receive_buffer(opened, family)
    if opened.type == socket.SOCK_RAW:
        _let_only_replies_in(opened, family)
    return opened


def _open_permitted(family: Family) -> socket.socket:
    """A datagram socket, which needs no privilege where `net.ipv4.ping_group_range` has our group, else a raw one."""
    try:
        return socket.socket(family.number, socket.SOCK_DGRAM, family.protocol)
    except OSError:
        pass  # what the system says of the raw socket is then what counts
    try:
        return socket.socket(family.number, socket.SOCK_RAW, family.protocol)
    except PermissionError as error:
        raise SocketRefused(
            f"may open no ICMP socket for {family.name}: allow this process's group by `sysctl -w "
            f'net.ipv4.ping_group_range="{os.getegid()} {os.getegid()}"` (it covers IPv6 too), '
            "or give the process CAP_NET_RAW"
        ) from error
    except OSError as error:
        raise SocketRefused(f"cannot open an ICMP socket for {family.name}: {error.strerror}") from error


def _raise_receive_buffer(opened: socket.socket, family: Family) -> None:
    """Make room for replies that come while this process does not get to run."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    except PermissionError:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    granted = opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # the kernel doubles it, socket(7)
    if granted < RECEIVE_BUFFER_BYTES:
        log.info(
            "the ping socket's receive buffer is small: with thousands of circuits replies may be lost on this "
            "machine; raise net.core.rmem_max or give the process CAP_NET_ADMIN",
            family=family.name,
            granted_bytes=granted,
            wanted_bytes=RECEIVE_BUFFER_BYTES,
        )


def _let_only_replies_in(opened: socket.socket, family: Family) -> None:
    reply = family.types.reply
    if family is IPV4:
        opened.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << reply) & 0xFFFFFFFF))
        return
    blocked = [0xFFFFFFFF] * 8
    blocked[reply >> 5] &= ~(1 << (reply & 31))
    opened.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, struct.pack("=8I", *blocked))
