"""An SNMP agent made of a script: real datagrams that say what the test wants them to say."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import api

PROTOCOL = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"

Cell = tuple[str, Any]


@dataclass
class Question:
    """What was asked: the OIDs, and for GETBULK how many rows of them."""

    oids: list[str]
    rows: int
    seen_before: int
    message: Any = field(repr=False)

    @property
    def is_bulk(self) -> bool:
        return self.rows > 0


Script = Callable[[Question], Sequence[Cell] | Sequence[bytes] | None]


def integer(value: int) -> Any:
    return PROTOCOL.Integer(value)


def octets(value: bytes) -> Any:
    return PROTOCOL.OctetString(value)


def identify(question: Question) -> Sequence[Cell] | None:
    """The answer to `who are you`, as a MikroTik."""
    if question.oids == [SYS_OBJECT_ID]:
        return [(SYS_OBJECT_ID, PROTOCOL.ObjectIdentifier("1.3.6.1.4.1.14988.1"))]
    return None


@contextlib.contextmanager
def agent(script: Script, answers_from: str = "127.0.0.1") -> Iterator[int]:
    """Answers every datagram with what `script` gives: cells, raw datagrams, or silence; yields the port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    answering = sock
    if answers_from != "127.0.0.1":
        answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        answering.bind((answers_from, sock.getsockname()[1]))
    counts: dict[tuple[str, ...], int] = {}

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = sock.recvfrom(65536)
                question = _parse(data, counts)
                for datagram in _answers(question, script):
                    answering.sendto(datagram, peer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(sock.getsockname()[1])
    finally:
        sock.close()
        answering.close()


def _parse(data: bytes, counts: dict[tuple[str, ...], int]) -> Question:
    message, _ = decoder.decode(data, asn1Spec=PROTOCOL.Message())
    pdu = PROTOCOL.apiMessage.get_pdu(message)
    oids = [str(oid) for oid, _ in PROTOCOL.apiPDU.get_varbinds(pdu)]
    is_bulk = pdu.isSameTypeWith(PROTOCOL.GetBulkRequestPDU())
    rows = int(PROTOCOL.apiBulkPDU.get_max_repetitions(pdu)) if is_bulk else 0
    seen = counts.get(tuple(oids), 0)
    counts[tuple(oids)] = seen + 1
    return Question(oids=oids, rows=rows, seen_before=seen, message=message)


def _answers(question: Question, script: Script) -> list[bytes]:
    given = script(question)
    if given is None:
        return []
    if given and isinstance(given[0], bytes):
        return [datagram for datagram in given if isinstance(datagram, bytes)]
    return [reply(question, [cell for cell in given if isinstance(cell, tuple)])]


def refusal(question: Question, status: int) -> list[bytes]:
    """A response with this error-status, the question's objects without values."""
    return [reply(question, [(oid, PROTOCOL.Null("")) for oid in question.oids], status=status)]


def reply(question: Question, cells: Sequence[Cell], *, request_id: int | None = None, status: int = 0) -> bytes:
    """A response to the question with these cells; another `request_id` makes it one nobody asked for."""
    response = PROTOCOL.apiMessage.get_response(question.message)
    pdu = PROTOCOL.apiMessage.get_pdu(response)
    PROTOCOL.apiPDU.set_varbinds(pdu, [(PROTOCOL.ObjectIdentifier(oid), value) for oid, value in cells])
    PROTOCOL.apiPDU.set_error_status(pdu, status)
    if request_id is not None:
        PROTOCOL.apiPDU.set_request_id(pdu, request_id)
    encoded: bytes = encoder.encode(response)
    return encoded
