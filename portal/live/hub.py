"""One follower of the alerts for a whole worker process: asks once a second, and tells whoever may see.

Everything here runs on one event loop; only the questions to the database go to threads of their own, so a database
that hangs stops no stream and no page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from inventory.registry import alerts, watching
from inventory.registry.alerts import AlertRow
from inventory.registry.scope import LOGIN, SERVICE, Registry
from portal.live.events import Eyes, Kind, News, batch, hello
from portal.metrics import STREAMS

T = TypeVar("T")

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
CHECK_SECONDS = 3.0  # how soon a stream ends after its session has
WAITING = 32  # batches a client may be behind before it is let go
ROWS = 500  # of one poll; the next goes on at once
RESUMED = 500  # changes of its own a client that comes back is told of
FARTHEST = 50_000  # changes of anybody's, among which they are looked for; before those its page has begun anew


@dataclass(eq=False, slots=True)
class Stream:
    """One open page. `queue` holds what is to be sent; None in it is the end."""

    eyes: Eyes
    user: str
    session: str  # the hash of its token
    resume: int | None = None  # the last change it knows
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(WAITING))
    greeted: bool = False
    bye: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What one question to the database brought; `open_now` only when the hub begins."""

    rows: Sequence[AlertRow]
    names: Mapping[int, str]
    open_now: Sequence[watching.Open] | None = None
    cursor: int = 0


class Hub:
    """Holds the streams of one process. All methods are to be called on the loop it runs on."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")
        self._streams: set[Stream] = set()
        self._cursor: int | None = None
        self._open: dict[int, watching.Open] = {}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def streams(self) -> Collection[Stream]:
        """Those that are open."""
        return self._streams

    def streams_of(self, user: str) -> int:
        """How many one person has open here."""
        return sum(stream.user == user for stream in self._streams)

    async def add(self, stream: Stream) -> None:
        """Let a stream take part; the first one starts the follower."""
        self._streams.add(stream)
        STREAMS.set(len(self._streams))
        if not self._tasks:
            self._tasks = [asyncio.create_task(work) for work in (self._follow(), self._check_sessions())]
            for task in self._tasks:
                task.add_done_callback(self._broken)
        if self._cursor is not None:
            await self._greet(stream)

    def remove(self, stream: Stream) -> None:
        """Forget a stream; without any nobody asks the database."""
        self._streams.discard(stream)
        STREAMS.set(len(self._streams))
        if not self._streams:
            self._stop()

    async def ask(self, question: Callable[[], T]) -> T:
        """Answer a question to the database on a thread of the hub's own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, question)

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks, self._cursor, self._open = [], None, {}

    def _broken(self, task: asyncio.Task[None]) -> None:
        """A follower that died by a fault of ours takes its streams along: they come back and start another."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("live events broke off", exc_info=error)
            for stream in list(self._streams):
                self.end(stream, bye=False)

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                more = await self._poll()
            except SQLAlchemyError as error:
                if not failures:
                    log.warning("live events wait for the registry", error=type(error).__name__)
                failures += 1
                await asyncio.sleep(min(POLL_SECONDS * failures, 5.0))
                continue
            if failures:
                log.info("the registry answers again; live events go on", failures=failures)
            failures = 0
            await asyncio.sleep(0 if more else POLL_SECONDS)

    async def _poll(self) -> bool:
        """Ask once and tell; whether there is more at once."""
        cursor = self._cursor
        found = await self.ask(lambda: self._read(cursor))
        if found.open_now is not None:
            self._open = {one.id: one for one in found.open_now}
            self._cursor = found.cursor
            for stream in list(self._streams):
                await self._greet(stream)
        if found.rows:
            self._cursor = found.rows[-1].changed
            self._tell([self._news(row, found.names) for row in found.rows], self._cursor)
        return len(found.rows) >= ROWS

    def _read(self, cursor: int | None) -> _Found:
        with self._registry.read(SERVICE) as tx:
            if cursor is None:
                # The number first: what changes between the two questions is then told as new, never left out.
                newest = alerts.newest(tx)
                return _Found([], {}, watching.open_alerts(tx), newest)
            rows = alerts.changed_since(tx, cursor, ROWS)
            return _Found(rows, watching.circuit_names(tx, rows))

    def _news(self, row: AlertRow, names: Mapping[int, str]) -> News:
        """What the change means, by what was open before; keeps count of what is."""
        known = row.id in self._open
        kind: Kind = "changed"
        if row.is_open:
            self._open[row.id] = watching.Open(row.id, row.isp, row.tenant)
            kind = "changed" if known else "firing"
        elif known:
            del self._open[row.id]
            kind = "ended"
        return News(row, kind, names.get(row.id))

    def _tell(self, news: Sequence[News], cursor: int) -> None:
        said: dict[Eyes, bytes | None] = {}
        for stream in list(self._streams):
            if not stream.greeted:
                continue
            if stream.eyes not in said:
                said[stream.eyes] = batch(news, stream.eyes, self._count(stream.eyes), cursor)
            text = said[stream.eyes]
            if text is not None:
                self._put(stream, text)

    def _put(self, stream: Stream, text: bytes) -> None:
        try:
            stream.queue.put_nowait(text)
        except asyncio.QueueFull:
            self.end(stream, bye=False)

    def end(self, stream: Stream, *, bye: bool) -> None:
        """Let the stream end now: what waits in its queue is thrown away. With `bye` it is told not to come back."""
        stream.bye = bye
        while not stream.queue.empty():
            stream.queue.get_nowait()
        stream.queue.put_nowait(None)
        self.remove(stream)

    async def _greet(self, stream: Stream) -> None:
        """Say where the stream begins; to one that comes back, what it missed."""
        if stream.greeted or self._cursor is None:
            return
        stream.greeted = True
        self._put(stream, hello(self._cursor, self._count(stream.eyes), stream.eyes.isp))
        if stream.resume is not None and stream.resume < self._cursor:
            await self._catch_up(stream, stream.resume, self._cursor)

    async def _catch_up(self, stream: Stream, since: int, until: int) -> None:
        try:
            rows, names = await self.ask(lambda: self._missed(stream.eyes, since, until))
        except SQLAlchemyError:
            return  # the hello made it draw its page anew; the toasts of those seconds are lost
        missed = [News(row, _late_kind(row), names.get(row.id)) for row in rows]
        text = batch(missed, stream.eyes, self._count(stream.eyes), until)
        if text is not None:
            self._put(stream, text)

    def _missed(self, eyes: Eyes, since: int, until: int) -> tuple[list[AlertRow], Mapping[int, str]]:
        with self._registry.read(eyes.scope) as tx:
            rows = alerts.changed_between(tx, max(since, until - FARTHEST), until, RESUMED)
            return rows, watching.circuit_names(tx, rows)

    def _count(self, eyes: Eyes) -> int:
        return sum(eyes.see(one.isp, one.tenant) for one in self._open.values())

    async def _check_sessions(self) -> None:
        """End the streams of sessions that are over, or that look at another isp now."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            hashes = {stream.session for stream in self._streams}
            try:
                good = await self.ask(lambda wanted=hashes: self._good(wanted))  # type: ignore[misc]
            except SQLAlchemyError:
                continue  # nobody is thrown out because the registry is away
            for stream in [one for one in self._streams if one.session in hashes]:
                if good.get(stream.session) != stream.eyes.isp:
                    self.end(stream, bye=stream.session not in good)

    def _good(self, hashes: Collection[str]) -> Mapping[str, str | None]:
        with self._registry.read(LOGIN) as tx:
            return watching.still_open(tx, hashes)


def _late_kind(row: AlertRow) -> Kind:
    """What a missed change meant is not known; the page leaves out what it has shown already."""
    if row.acknowledged_at is not None:
        return "changed"
    return "firing" if row.is_open else "ended"
