"""1,000 queues of a RouterOS device: our sentence reader against librouteros, plain and with a read buffer."""

from __future__ import annotations

import socket
import tempfile
from functools import partial
from pathlib import Path

import librouteros
from librouteros.connections import SocketTransport

from bench.common import Row, compared, own_cpu
from bench.routeros import PASSWORD, QUEUES, router
from devices.routeros.login import log_in
from devices.routeros.reply import Attributes, read_reply
from devices.routeros.tables import QUEUES as QUESTION
from devices.routeros.transport import CHUNK_BYTES, connect
from devices.routeros.words import SentenceReader, encode_sentence
from devices.session import Deadline
from inventory.models import Device, Tls
from inventory.secrets import Secret
from tests.simulator.network import network

COMMAND, PROPLIST = QUESTION
ALL, ASKED = "every attribute", "with .proplist"


class BufferedTransport(SocketTransport):  # type: ignore[misc]  # librouteros is not typed for mypy
    """librouteros' transport, reading from a buffer instead of the socket."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._stream = sock.makefile("rb", CHUNK_BYTES)

    def read(self, length: int) -> bytes:
        """Exactly `length` bytes, unless the router hung up."""
        data: bytes = self._stream.read(length)
        return data


def measure() -> list[Row]:
    """CPU of the poller for one reading, the same words asked of the same router by each."""
    with tempfile.TemporaryDirectory() as folder, network(Path(folder), [router("core-1")]) as net:
        port = net.ports["core-1"]
        plain, buffered, ours = Librouteros(port), Librouteros(port, buffered=True), Ours(port)
        peers = {"librouteros": plain, "librouteros, buffered": buffered}
        return [
            compared(
                f"readers: CPU of {QUEUES:,} queues, {asked} (peer: {name}, {peer_asked})",
                own_cpu(partial(ours.rows, *words), 20),
                own_cpu(partial(peer.rows, *peer_words), 5),
            )
            for asked, words, peer_asked, peer_words in (
                (ALL, (COMMAND,), ALL, (COMMAND,)),
                (ASKED, QUESTION, ALL, (COMMAND,)),
                (ASKED, QUESTION, ASKED, QUESTION),
            )
            for name, peer in peers.items()
        ]


class Librouteros:
    """A session of librouteros."""

    def __init__(self, port: int, *, buffered: bool = False) -> None:
        self._api = librouteros.connect("127.0.0.1", "monitor", PASSWORD, port=port, encoding="utf-8")
        if buffered:
            protocol = self._api.protocol
            protocol.transport = BufferedTransport(protocol.transport.sock)

    def rows(self, *words: str) -> list[dict[str, object]]:
        """The answer's rows."""
        rows = list(self._api.rawCmd(*words))
        assert len(rows) == QUEUES
        return rows


class Ours:
    """A session as devices.routeros makes it, up to the rows' text."""

    def __init__(self, port: int) -> None:
        device = Device("core-1", "routeros", "127.0.0.1", port, 8, "monitor", Secret(PASSWORD), Tls(enabled=False))
        self._transport = connect(device, Deadline(8))
        self._reader = SentenceReader(self._transport.receive)
        log_in(device, self._transport, self._reader, Deadline(8))

    def rows(self, *words: str) -> list[Attributes]:
        """The answer's rows."""
        deadline = Deadline(30)
        self._transport.send(encode_sentence(*words), deadline)
        rows = read_reply(self._reader, deadline).checked_rows()
        assert len(rows) == QUEUES
        return rows
