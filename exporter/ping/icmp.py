"""The bytes of echo requests and replies: pure, the same for datagram and raw sockets.

ICMP is RFC 792, ICMPv6 RFC 4443; the first 8 bytes of an echo message are the same in both.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

REQUEST_BYTES = 64  # 8 of header and 56 of data, as ping(8) and fping send by default, so that RTTs compare

_HEADER = struct.Struct("!BBHHHQ")  # type, code, checksum, identifier, sequence; our cookie opens the data
_IP_HEADER_BYTES = 20  # without options, RFC 791


@dataclass(frozen=True, slots=True)
class EchoTypes:
    """The message types of one family."""

    request: int
    reply: int


ICMP = EchoTypes(request=8, reply=0)
ICMPV6 = EchoTypes(request=128, reply=129)


def write_request(buffer: bytearray, types: EchoTypes, identifier: int, sequence: int, cookie: int) -> None:
    """Put an echo request into `buffer`, whose bytes past the cookie are and stay zero.

    The checksum is needed on raw IPv4 sockets alone; elsewhere the kernel writes its own. It is the complement of
    the one's complement sum of the 16-bit words (RFC 1071), which is the message as one number modulo 65535.
    """
    checksum = 0xFFFF - ((types.request << 8) + identifier + sequence + cookie) % 0xFFFF
    _HEADER.pack_into(buffer, 0, types.request, 0, checksum, identifier, sequence, cookie)


def usual_reply(size: int, *, ip_header: bool) -> tuple[int, struct.Struct]:
    """The length of a reply to ours whose IPv4 header, if it comes with one, has no options; and its fields.

    They are (type, code, identifier, sequence, cookie) of `size` bytes that begin with the reply. Whatever has another
    length is for `read_reply`.
    """
    before = _IP_HEADER_BYTES if ip_header else 0
    return before + REQUEST_BYTES, struct.Struct(f"!{before}xBBxxHHQ{size - before - _HEADER.size}x")


def read_reply(
    buffer: bytearray, start: int, length: int, types: EchoTypes, *, ip_header: bool
) -> tuple[int, int, int] | None:
    """(identifier, sequence, cookie) of the echo reply in `length` bytes at `start`; None if it is anything else.

    With `ip_header` an IPv4 header comes first, as the kernel hands it over on raw IPv4 sockets (raw(7)).
    """
    end = start + length
    if ip_header and length > 0:
        start += (buffer[start] & 0x0F) * 4
    if end - start < _HEADER.size:
        return None
    kind, code, _, identifier, sequence, cookie = _HEADER.unpack_from(buffer, start)
    return (identifier, sequence, cookie) if kind == types.reply and code == 0 else None
