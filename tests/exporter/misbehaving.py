"""Devices that do not do what a device does: silent, slow, lying, endless. On real sockets, until they are closed."""

from __future__ import annotations

import itertools
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from tests.exporter.routers import sentence

_LOGGED_IN = sentence("!done")
_ROW = sentence("!re", "=.id=*1", "=name=" + "x" * 100, "=rx-byte=1", "=tx-byte=2")


def silent(connection: socket.socket) -> None:
    """Takes what is said and never answers."""
    while connection.recv(65536):
        pass


def trickling(connection: socket.socket) -> None:
    """Logs us in, then sends one byte of a row five times a second."""
    connection.recv(65536)
    connection.sendall(_LOGGED_IN)
    for byte in itertools.cycle(_ROW):
        connection.sendall(bytes([byte]))
        time.sleep(0.2)  # what it does, not a wait for anything


def garbage(connection: socket.socket) -> None:
    """Noise, as fast as it is taken."""
    noise = random.Random(4).randbytes(65536)
    while True:
        connection.sendall(noise)


def endless(connection: socket.socket) -> None:
    """Logs us in, then sends rows that never come to an end."""
    connection.recv(65536)
    connection.sendall(_LOGGED_IN)
    while True:
        connection.sendall(_ROW * 100)


def boasting(connection: socket.socket) -> None:
    """Announces a word of 250 MB and sends it."""
    connection.sendall(b"\xef\xff\xff\xff")
    while True:
        connection.sendall(b"=" * 65536)


def hanging_up(connection: socket.socket) -> None:
    """Ends every connection at once."""


KINDS: Mapping[str, Callable[[socket.socket], None]] = {
    kind.__name__.replace("_", "-"): kind for kind in (silent, trickling, garbage, endless, boasting, hanging_up)
}


@contextmanager
def misbehaving(kind: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP service of that kind; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        open_connections: list[socket.socket] = []

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), connection:
                kind(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    open_connections.append(connection)
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        for connection in open_connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def noisy_agent() -> Iterator[int]:
    """A UDP service that answers every question with noise; yields its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        noise = random.Random(7)

        def answer() -> None:
            with suppress(OSError):
                while True:
                    question, peer = agent.recvfrom(65536)
                    for reply in (noise.randbytes(200), question, question[:20], b""):
                        agent.sendto(reply, peer)

        threading.Thread(target=answer, daemon=True).start()
        yield agent.getsockname()[1]
