"""How many queries of one person are under way at once: the rest wait here, on the loop, and hold no thread.

Threads are shared by all, and a query may take as long as Prometheus does: without it, one who asks for long ranges of
many circuits at once has every thread, and all others' panels stay empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.http import parse_cookie

from portal.gateway.refusals import Where
from portal.gateway.views import USER_HEADER

AT_ONCE = 4  # of a Grafana page, which asks for 5 panels at a time; half of the gateway's threads
WAITING = 100  # more is no page of ours
PATIENCE = 30.0  # seconds


class TooManyAtOnce(Exception):
    """One person waits for too much already, or has waited for too long."""


@dataclass(slots=True)
class _Line:
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    asking: int = 0


class Turns:
    """Lines of those who wait, one for each person. To be used on one loop."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def __len__(self) -> int:
        """How many people ask or wait."""
        return len(self._lines)

    @asynccontextmanager
    async def of(self, who: str) -> AsyncIterator[None]:
        """One of that person's turns, until the block ends. Raises TooManyAtOnce."""
        line = self._lines.setdefault(who, _Line())
        if line.asking >= AT_ONCE + WAITING:
            raise TooManyAtOnce
        line.asking += 1
        try:
            await _wait(line.turns)
            try:
                yield
            finally:
                line.turns.release()
        finally:
            line.asking -= 1
            if not line.asking:
                del self._lines[who]


async def _wait(turns: asyncio.Semaphore) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await turns.acquire()
    except TimeoutError:
        raise TooManyAtOnce from None


def whose_query(scope: Mapping[str, Any], session_cookie: str) -> tuple[Where, str] | None:
    """Where a request asks for figures, and in whose name, as the views read both; None for any other request."""
    path: str = scope["path"]
    if path.startswith("/gateway/api/v1/query"):
        return "gateway", _header(scope, USER_HEADER.lower().encode())
    if path == "/grafana/api/ds/query":
        return "proxy", parse_cookie(_header(scope, b"cookie")).get(session_cookie, "")
    return None


def _header(scope: Mapping[str, Any], wanted: bytes) -> str:
    """Several are joined as a2wsgi joins them."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == wanted)
