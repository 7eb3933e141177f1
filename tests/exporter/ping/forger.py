"""Answers pings on loopback in place of a kernel told not to (icmp_echo_ignore_all), each address with its own vice."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading

HONEST = "127.0.0.10"
TWICE = "127.0.0.11"  # sends each reply three times
OPTIONS = "127.0.0.17"  # honest too, behind an IP header with options
SPOOFED = "127.0.0.12"  # from another address
GUESSED = "127.0.0.13"  # with a cookie it was not sent
REPLAYED = "127.0.0.14"  # with the number of the ping before
LATE = "127.0.0.15"  # after the timeout
CUT = "127.0.0.16"  # cut off in the middle of the cookie


def one_complement_sum(message: bytearray) -> int:
    """The sum RFC 1071 speaks of, computed as written there."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def main() -> None:
    """Answer until the process is ended."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    while True:
        packet = bytearray(wire.recv(2048))
        message = packet[(packet[0] & 0x0F) * 4 :]
        if message[0] == 8:
            asker, asked = (str(ipaddress.ip_address(bytes(packet[at : at + 4]))) for at in (12, 16))
            answer(message, asker, asked)


def answer(message: bytearray, asker: str, asked: str) -> None:
    message[0] = 0
    if asked == GUESSED:
        message[15] ^= 1
    elif asked == REPLAYED:
        sequence = int.from_bytes(message[6:8])
        message[6:8] = (sequence - 1 & 0xFFFF).to_bytes(2)
    elif asked == CUT:
        del message[14:]
    message[2:4] = b"\0\0"
    message[2:4] = (~one_complement_sum(message) & 0xFFFF).to_bytes(2)
    source = "127.0.0.99" if asked == SPOOFED else asked
    times = 3 if asked == TWICE else 1
    threading.Timer(1.3 if asked == LATE else 0, send, (message, source, asker, times)).start()


def send(message: bytearray, source: str, asker: str, times: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
        sender.bind((source, 0))
        if source == OPTIONS:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\1\1\1\0")  # nothing, thrice, and the end
        for _ in range(times):
            sender.sendto(message, (asker, 0))


if __name__ == "__main__":
    main()
