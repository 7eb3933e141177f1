"""The portal as one ASGI application: pages in threads, a few things in lanes of their own, event streams on the loop.

A request's body is read here before a thread is given to it, so a client that sends slowly holds none; and what a
page answers waits here for a client that reads slowly (`send_queue_size=0`: as much as there is).
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware

from portal.app import MAX_BODY, create_app
from portal.gateway.refusals import Refused, note
from portal.headers import always
from portal.live.asgi import LiveApp
from portal.login.cookies import session_cookie_name
from portal.services import Services
from portal.turns import TooManyAtOnce, Turns, whose_query

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

THREADS = 8
# Passwords are slow by design and hashed one at a time: fifty who log in at once wait for each other here, where
# nobody else stands in the line.
LOGIN_THREADS = 2
_LOGIN_PATHS = frozenset({"/login", "/account/password"})
# A test of a connection waits for its device, up to 12 s: who tests several at once waits here, and holds up no page.
TEST_THREADS = 2
# A panel waits here for Grafana, and Grafana for the gateway: in one lane a few pages of panels would take all threads,
# and each would wait for an answer that none is left to give.
GRAFANA_THREADS = 16
GATEWAY_THREADS = 8

BODY_SECONDS = 20.0
# What is read of a body that is too long, so that the client hears why; after that the connection ends.
_DRAINED = 8 * MAX_BODY


class Portal:
    """Answers uvicorn for one process."""

    def __init__(self, services: Services) -> None:
        app = create_app(services)
        self._pages, self._logins, self._tests, self._grafana, self._gateway = (
            _lane(app, threads) for threads in (THREADS, LOGIN_THREADS, TEST_THREADS, GRAFANA_THREADS, GATEWAY_THREADS)
        )
        self._live = LiveApp(services)
        self._turns = Turns()
        self._session_cookie = session_cookie_name(https=services.settings.https)
        self._headers = [(name.lower().encode(), value.encode()) for name, value in always(services.settings)]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, or the process' beginning and end."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"] == "/live":
            await self._live(scope, receive, self._with_headers(send))
        else:
            await self._page(scope, receive, send)

    async def _page(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            body = await asyncio.wait_for(_read(receive), BODY_SECONDS)
        except TimeoutError:
            await self._refuse(send, 408, "The request did not arrive in time.")
            return
        if body is None:  # nobody waits for an answer
            return
        if len(body) > MAX_BODY:
            # The application says so, as a page or as a problem: it goes by the length.
            scope = _for_wsgi(scope, length=len(body))
            body = b""
        else:
            scope = _for_wsgi(scope, length=len(body))
        await self._in_turn(scope, _replay(body), send)

    async def _in_turn(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer in the lane of the path; a query for figures when it is its person's turn."""
        lane, asked = self._lane_of(scope), whose_query(scope, self._session_cookie)
        if asked is None:
            await lane(scope, receive, send)
            return
        where, who = asked
        try:
            async with self._turns.of(f"{where} {who}"):
                await lane(scope, receive, send)
        except TooManyAtOnce:
            refused = Refused("busy", "Too many queries of yours are under way; wait a moment.", status=429)
            note(where, refused, user=who if where == "gateway" else "")
            await self._refuse(send, refused.status, refused.text)

    def _lane_of(self, scope: Message) -> App:
        path: str = scope["path"]
        if path.startswith("/gateway/"):
            return self._gateway
        if path.startswith("/grafana/"):
            return self._grafana
        if scope["method"] != "POST":
            return self._pages
        if path.startswith("/devices/") and path.endswith("/test"):
            return self._tests
        return self._logins if path in _LOGIN_PATHS else self._pages

    async def _refuse(self, send: Send, status: int, text: str) -> None:
        headers = [*self._headers, (b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": f"{text}\n".encode()})

    def _with_headers(self, send: Send) -> Send:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                more = [(name, value) for name, value in self._headers if name not in said]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        return add

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._end_streams_by_signal()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _end_streams_by_signal(self) -> None:
        """Where uvicorn waits for open answers before it ends, end the streams, which nobody else does."""
        loop = asyncio.get_running_loop()

        def end() -> None:
            for stream in list(self._live.hub.streams):
                self._live.hub.end(stream, bye=False)

        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)

            def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
                loop.call_soon_threadsafe(end)
                if callable(before):
                    before(number, frame)

            signal.signal(number, handle)


def _lane(app: Any, threads: int) -> App:
    return WSGIMiddleware(app, workers=threads, send_queue_size=0)


async def _read(receive: Receive) -> bytes | None:
    """The body, or a little more than is allowed of one that is too long; None when the client has gone."""
    body, read, more = bytearray(), 0, True
    while more and read <= _DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        read += len(part)
        if len(body) <= MAX_BODY:
            body += part
        more = message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _for_wsgi(scope: Message, *, length: int) -> Message:
    """What a2wsgi can make of it.

    The body is here, so its length is known, also where it came in chunks, which WSGI has no word for. A header with
    an underscore would be taken for the one with a dash, which a proxy may have set (CWE-444). The query may hold bytes
    that are not ASCII, which a2wsgi does not expect.
    """
    dropped = {b"content-length", b"transfer-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped and b"_" not in name]
    if length:
        headers.append((b"content-length", str(length).encode()))
    query = scope["query_string"]
    if not query.isascii():
        query = quote_from_bytes(query, safe="!#$%&'()*+,/:;=?@[]~").encode()
    return {**scope, "headers": headers, "query_string": query}
