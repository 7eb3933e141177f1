"""A scripted RouterOS API server on a real socket: its tables are what a test puts in, its manners too."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

Row = dict[str, str]


def word(text: str) -> bytes:
    """One word of the API with its length prefix (up to 16,383 bytes is enough here)."""
    data = text.encode("utf-8", "surrogateescape")
    length = len(data)
    return (bytes([length]) if length < 0x80 else (length | 0x8000).to_bytes(2, "big")) + data


def sentence(*words: str) -> bytes:
    return b"".join(map(word, words)) + b"\0"


class Router:
    """Rows by command; counts logins and commands. `hang` stops answering everything but the login."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {
            "/system/resource/print": [
                {"uptime": "1w2d", "version": "7.16.2 (stable)", "board-name": "RB5009", "cpu-load": "7"}
            ],
            "/system/health/print": [{".id": "*1", "name": "cpu-temperature", "value": "41", "type": "C"}],
            "/interface/print": [],
            "/queue/simple/print": [],
            "/ppp/active/print": [],
        }
        self.traps: dict[str, str] = {}
        self.logins = 0
        self.asked: list[str] = []
        self.ping_rtt: str | None = "9ms445us"
        self.ping_seconds = 0.0
        self.answering = threading.Event()
        self.answering.set()
        self._connections: set[socket.socket] = set()
        self._silent: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def interface(self, number: int, name: str, receive: int, transmit: int, **more: str) -> None:
        """Put one interface in, or change it."""
        row = {".id": f"*{number:X}", "name": name, "running": "true", "disabled": "false"}
        row |= {"rx-byte": str(receive), "tx-byte": str(transmit)} | {k.replace("_", "-"): v for k, v in more.items()}
        self._put("/interface/print", row)

    def queue(self, number: int, name: str, upload: int, download: int, limit: str = "100000000/200000000") -> None:
        """Put one queue in, or change it."""
        row = {".id": f"*{number:X}", "name": name, "max-limit": limit, "disabled": "false", "dropped": "3/4"}
        self._put("/queue/simple/print", row | {"bytes": f"{upload}/{download}"})

    @property
    def sessions(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def drop_connections(self) -> None:
        """As a restart does: every session is gone."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def silence_open_sessions(self) -> None:
        """Never answer on the sessions there are now, as after a firewall forgot them; new ones work."""
        self._silent |= self._connections

    def close(self) -> None:
        self._listener.close()
        self.answering.set()
        self.drop_connections()

    def _put(self, table: str, row: Row) -> None:
        rows = [known for known in self.tables[table] if known["name"] != row["name"]]
        self.tables[table] = [*rows, row]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._connections.add(connection)
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            while words := _read_sentence(stream):
                self.asked.append(words[0])
                if words[0] != "/login":
                    self.answering.wait()
                if connection not in self._silent:
                    connection.sendall(self._reply(words))
        self._connections.discard(connection)

    def _reply(self, words: list[str]) -> bytes:
        command = words[0]
        if command == "/login":
            self.logins += "=password=secret-of-the-router" in words
            good = "=password=secret-of-the-router" in words
            return sentence("!done") if good else _trap("invalid user name or password (6)")
        if command in self.traps:
            return _trap(self.traps[command])
        if command == "/ping":
            time.sleep(self.ping_seconds)  # what pinging takes, not a wait for anything
            return self._pings(int(next(w for w in words if w.startswith("=count=")).removeprefix("=count=")))
        if command not in self.tables:
            return _trap("no such command prefix")
        rows = (sentence("!re", *(f"={k}={v}" for k, v in row.items())) for row in self.tables[command])
        return b"".join(rows) + sentence("!done")

    def _pings(self, count: int) -> bytes:
        echo = "=status=timeout" if self.ping_rtt is None else f"=time={self.ping_rtt}"
        rows = (sentence("!re", f"=seq={n}", "=host=192.0.2.9", echo) for n in range(count))
        return b"".join(rows) + sentence("!done")


def _trap(message: str) -> bytes:
    return sentence("!trap", f"=message={message}") + sentence("!done")


def _read_sentence(stream: object) -> list[str]:
    words = []
    while data := _read_word(stream):
        words.append(data.decode("utf-8", "surrogateescape"))
    return words


def _read_word(stream: object) -> bytes:
    read = stream.read  # type: ignore[attr-defined]
    first = read(1)
    if not first or first == b"\0":
        return b""
    length = first[0] if first[0] < 0x80 else (first[0] & 0x3F) << 8 | read(1)[0]
    data: bytes = read(length)
    return data


@contextmanager
def router() -> Iterator[Router]:
    running = Router()
    try:
        yield running
    finally:
        running.close()
