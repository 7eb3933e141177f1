"""Host names to socket addresses within a deadline: a name server that hangs costs one probe, not the process."""

from __future__ import annotations

import queue
import socket
import threading
from typing import NamedTuple

from devices.session import Deadline, DeviceTimeout, Unreachable


class Endpoint(NamedTuple):
    """One address of a host: the family and what `connect` takes."""

    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int]


def resolve(host: str, port: int, kind: socket.SocketKind, deadline: Deadline) -> list[Endpoint]:
    """All addresses of `host` (a name, or an IPv4 or IPv6 literal), in the system's order of preference.

    Raises Unreachable when the name has none, DeviceTimeout when no answer came in time.
    """
    try:
        return _lookup(host, port, kind, socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):  # no literal
        return _ask_name_server(host, port, kind, deadline)


def _ask_name_server(host: str, port: int, kind: socket.SocketKind, deadline: Deadline) -> list[Endpoint]:
    """As `resolve`: getaddrinfo knows no timeout, so it runs in a thread that is left behind when it hangs."""
    answers: queue.SimpleQueue[list[Endpoint] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_lookup(host, port, kind, 0))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label empty or too long for IDNA
            answers.put(OSError(str(error)))

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining())
    except queue.Empty:
        raise DeviceTimeout(f'the name server gave no answer for "{host}" in time') from None
    if isinstance(answer, OSError):
        raise Unreachable(f'the name "{host}" was not found: {answer}')
    return answer


def _lookup(host: str, port: int, kind: socket.SocketKind, flags: int) -> list[Endpoint]:
    found = socket.getaddrinfo(host, port, type=kind, flags=flags)
    return [
        Endpoint(family, sockaddr)  # type: ignore[arg-type]  # typeshed allows other families' shapes
        for family, _, _, _, sockaddr in found
        if family in (socket.AF_INET, socket.AF_INET6)
    ]
