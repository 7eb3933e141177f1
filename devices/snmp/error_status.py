"""Reads an answer's error-status where the engine does not show it. Pure, never raises."""

from __future__ import annotations

# A version 1 or 2c message up to its error-status: four headers, a version, a community, a request id.
HEAD_BYTES = 512


def error_status(datagram: bytes) -> int:
    """The error-status of a version 1 or 2c response (RFC 1157, RFC 3416); 0 where there is none to be read.

    `datagram` may be cut off after its first HEAD_BYTES bytes.
    """
    try:
        at = _content(datagram, 0)  # the message
        at = _next(datagram, _next(datagram, at))  # version, community
        at = _next(datagram, _content(datagram, at))  # the PDU's request-id
        return int.from_bytes(datagram[_content(datagram, at) : _next(datagram, at)], "big")
    except IndexError:
        return 0


def _content(datagram: bytes, at: int) -> int:
    """Where the content of the BER element at `at` begins."""
    length = datagram[at + 1]
    return at + 2 + (length & 0x7F if length & 0x80 else 0)


def _next(datagram: bytes, at: int) -> int:
    """Where the element at `at` ends."""
    content, length = _content(datagram, at), datagram[at + 1]
    return content + (int.from_bytes(datagram[at + 2 : content], "big") if length & 0x80 else length)
