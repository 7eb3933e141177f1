"""A router made of a script: a real socket that says what the test wants it to say."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence

from librouteros.protocol import encode_sentence

from inventory.models import Device, Tls
from inventory.secrets import Secret

Script = Callable[[socket.socket], None]

PASSWORD = "pa55-of-the-router"


def sentence(*words: str) -> bytes:
    encoded: bytes = encode_sentence(*words, encoding="utf-8")
    return encoded


def row(**attributes: str) -> bytes:
    """A `!re` sentence; `_id` stands for `.id`, other underscores for dashes."""
    words = [f"={name.replace('_id', '.id').replace('_', '-')}={value}" for name, value in attributes.items()]
    return sentence("!re", *words)


DONE = sentence("!done")


def read_sentence(conn: socket.socket) -> list[str]:
    """The words of one sentence (all shorter than 128 bytes); empty when the client has gone."""
    words: list[str] = []
    while header := conn.recv(1):
        if header == b"\0":
            return words
        data = b""
        while len(data) < header[0] and (more := conn.recv(header[0] - len(data))):
            data += more
        words.append(data.decode())
    return []


def answering(*answers: bytes) -> Script:
    """Accepts any login, then gives one answer per sentence and keeps the connection open."""

    def script(conn: socket.socket) -> None:
        for answer in (DONE, *answers):
            if not read_sentence(conn):
                return
            conn.sendall(answer)
        conn.recv(1)

    return script


@contextlib.contextmanager
def router(script: Script, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Runs `script` for each connection to the port it yields."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_connections: list[socket.socket] = []

    def serve(conn: socket.socket) -> None:
        with contextlib.suppress(OSError):
            stream = context.wrap_socket(conn, server_side=True) if context else conn
            open_connections.append(stream)
            with stream:
                script(stream)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listener.accept()
                open_connections.append(conn)
                threading.Thread(target=serve, args=(conn,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()
        for conn in open_connections:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)


def device(port: int, *, tls: Tls | None = None, host: str = "127.0.0.1", password: str = PASSWORD) -> Device:
    """That router as the inventory would describe it: plain on purpose, unless `tls` is given."""
    return Device(
        id="core-1",
        driver="routeros",
        host=host,
        port=port,
        timeout_seconds=8,
        username="monitor",
        password=Secret(password),
        tls=tls or Tls(enabled=False),
    )


def joined(parts: Sequence[bytes]) -> bytes:
    return b"".join([*parts, DONE])
