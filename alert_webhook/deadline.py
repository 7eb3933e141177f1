"""Bounds a whole conversation: a socket's timeout bounds each read alone, and a trickle never runs into it."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Deadline:
    """Around a conversation: its sockets, given to `watch`, are shut down when `seconds` are over."""

    def __init__(self, seconds: float) -> None:
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for each in self._sockets:
            each.close()

    def watch(self, connection: socket.socket) -> None:
        """Bound this connection too. Its number is doubled, since TLS takes the socket itself over."""
        self._sockets.append(socket.socket(fileno=os.dup(connection.fileno())))

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
                made = super()._new_conn()
                deadline.watch(made)
                return made

        class Tls(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                made = super()._new_conn()
                deadline.watch(made)
                return made

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
