"""`GET /live`: server-sent events beside the Flask application, on the event loop, so that a stream holds no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from sqlalchemy.exc import SQLAlchemyError

from inventory.registry.scope import LOGIN
from inventory.registry.sessions import Session, find_session
from portal.live.events import BYE, HEARTBEAT, Eyes
from portal.live.hub import Hub, Stream
from portal.login.cookies import session_cookie_name
from portal.services import Services

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BEAT_SECONDS = 15.0
SEND_SECONDS = 20.0  # a client that takes nothing for so long is gone
MOST_OF_ONE = 8  # streams of one person in one process; a browser opens one for all its tabs
MOST = 2_000  # streams in one process

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back until its buffer is full
    (b"x-content-type-options", b"nosniff"),
]


class LiveApp:
    """An ASGI application for this one path."""

    def __init__(self, services: Services) -> None:
        self._registry = services.registry
        self._cookie = session_cookie_name(https=services.settings.https)
        self.hub = Hub(services.registry)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request: a stream, or a status with a line of text."""
        if scope["type"] != "http":
            return
        if scope["method"] != "GET":
            await _refuse(send, 405, "GET only", (b"allow", b"GET"))
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        token = _cookie(headers.get(b"cookie", ""), self._cookie)
        try:
            session = await self.hub.ask(lambda: self._session(token)) if token else None
        except SQLAlchemyError:
            await _refuse(send, 503, "the registry does not answer; try again", (b"retry-after", b"5"))
            return
        if session is None:
            await _refuse(send, 401, "log in first")
        elif session.isp is None:
            await _refuse(send, 404, "choose an isp first")
        elif len(self.hub.streams) >= MOST or self.hub.streams_of(session.user.id) >= MOST_OF_ONE:
            await _refuse(send, 429, "too many live streams are open", (b"retry-after", b"30"))
        else:
            eyes = Eyes(session.isp, session.user.tenant)
            resume = _known(scope["query_string"], headers.get(b"last-event-id", ""))
            await self._serve(Stream(eyes, session.user.id, session.token_hash, resume), receive, send)

    def _session(self, token: str) -> Session | None:
        """The session of that cookie; None where it is over or still waits for its second factor."""
        with self._registry.read(LOGIN) as tx:
            session = find_session(tx, token)
        return session if session is not None and session.second_factor else None

    async def _serve(self, stream: Stream, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
        await self.hub.add(stream)
        gone = asyncio.create_task(_until_gone(receive))
        sending = asyncio.create_task(_send_all(stream, send))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.hub.remove(stream)
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)


async def _send_all(stream: Stream, send: Send) -> None:
    """Send what is queued, and a sign of life where nothing is, until the end or until the client takes nothing."""
    with suppress(TimeoutError, OSError):
        while True:
            try:
                text = await asyncio.wait_for(stream.queue.get(), BEAT_SECONDS)
            except TimeoutError:
                text = HEARTBEAT
            over = text is None
            body = (BYE if stream.bye else b"") if text is None else text
            message = {"type": "http.response.body", "body": body, "more_body": not over}
            await asyncio.wait_for(send(message), SEND_SECONDS)
            if over:
                return


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    body = f"{text}\n".encode()
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": body})


def _cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return found.value if found is not None else None


def _known(query: bytes, last_event_id: str) -> int | None:
    """The last change the client knows: the browser says it by itself, our script in `after` when it begins anew."""
    text = last_event_id or parse_qs(query.decode("latin-1")).get("after", [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
