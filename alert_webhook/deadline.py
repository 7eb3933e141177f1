"""Bounds a whole conversation: a socket's timeout bounds each read alone, and a trickle never runs into it."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError


class Deadline:
    """Around a conversation: what it connects is shut down when `seconds` are over, and nothing is connected then."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = 0.0
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._ends = time.monotonic() + self._seconds
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for each in self._sockets:
            each.close()

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """A connection, bounded as the rest; `timeout` seconds are for each address of `host`, and then for each read.

        The look-up of a name has no bound of its own, but nothing is connected after it when the time is over. Raises
        OSError: nothing was sent.
        """
        error = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            left = self._left()
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(left if timeout is None else min(timeout, left))
                made.connect(address)
                self._watch(made)
            except OSError as refused:
                made.close()
                error = refused
            else:
                made.settimeout(timeout)
                return made
        raise error

    def _watch(self, connection: socket.socket) -> None:
        """Its number is doubled, since TLS takes the socket itself over. Raises TimeoutError when it came too late."""
        self._sockets.append(socket.socket(fileno=os.dup(connection.fileno())))
        self._left()

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole conversation is over")
        return left

    def _end(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def http_session(deadline: Deadline) -> requests.Session:
    """A session whose connections `deadline` bounds. Raises as requests does for a connection that was reset."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(deadline))
    return session


class _Adapter(HTTPAdapter):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        deadline = self._deadline

        # urllib3 makes the socket of each connection in _new_conn, before any TLS.
        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _connect(self, deadline)

        class Tls(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _connect(self, deadline)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}


def _connect(connection: HTTPConnection, deadline: Deadline) -> socket.socket:
    """As urllib3's own. Raises NewConnectionError, by which it is known that nothing was sent."""
    try:
        made = deadline.connect(connection.host.strip("[]"), connection.port, connection.timeout)
    except OSError as error:
        raise NewConnectionError(connection, f"failed to connect: {error}") from error
    for option in connection.socket_options or ():
        made.setsockopt(*option)
    return made
