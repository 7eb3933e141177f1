from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ping.icmp import ICMP, ICMPV6, REQUEST_BYTES, EchoTypes, read_reply, write_request
from tests.exporter.ping.forger import one_complement_sum

families = st.sampled_from([ICMP, ICMPV6])
numbers = st.integers(0, 0xFFFF)
cookies = st.integers(0, 2**64 - 1)


@given(families, numbers, numbers, cookies)
def test_the_checksum_is_the_one_receivers_verify(
    types: EchoTypes, identifier: int, sequence: int, cookie: int
) -> None:
    """Summed with its checksum, a request gives all ones (RFC 1071)."""
    message = bytearray(REQUEST_BYTES)
    write_request(message, types, identifier, sequence, cookie)
    assert one_complement_sum(message) == 0xFFFF


# The first byte of an IPv4 header says how many words it has; None is a socket that gives no header.
headers = st.none() | st.integers(5, 15).map(lambda words: bytes([0x40 | words]) + bytes(words * 4 - 1))


@given(families, st.tuples(numbers, numbers, cookies), headers)
def test_a_reply_gives_back_what_was_asked(types: EchoTypes, asked: tuple[int, int, int], header: bytes | None) -> None:
    """A request echoed with the reply's type is read as it was written, behind an IP header of any length or none."""
    message = bytearray(REQUEST_BYTES)
    write_request(message, types, *asked)
    message[0] = types.reply
    packet = bytearray(b"before") + (header or b"") + message
    assert read_reply(packet, 6, len(packet) - 6, types, ip_header=header is not None) == asked


@pytest.mark.parametrize("ip_header", [True, False])
@given(st.binary(max_size=100), families)
def test_any_bytes_are_read_or_passed_over(ip_header: bool, packet: bytes, types: EchoTypes) -> None:  # noqa: FBT001
    """What is too short or no echo reply is None, and nothing raises."""
    answer = read_reply(bytearray(packet), 0, len(packet), types, ip_header=ip_header)
    assert answer is None or len(packet) >= 16
