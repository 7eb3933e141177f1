"""The stream without a network between: what happens when the database goes away, and when a reader is slow."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine

from inventory.registry import alerts, sessions
from inventory.registry.audit import Actor
from inventory.registry.scope import LOGIN, Registry, Scope, Transaction
from portal.live import asgi, hub
from portal.live.asgi import LiveApp
from portal.services import Services
from tests.harness import run_apart
from tests.portal.conftest import on_both_databases
from tests.portal.serving import COOKIE, alert, end, fire, given_anew, note
from tests.portal.world import DELTA, SKY, Isp, World

pytestmark = on_both_databases

PATIENCE = 10.0


class Reader:
    """One client of the application: `events` is what it was sent. With `takes` False it never takes what is sent."""

    def __init__(self, app: LiveApp, token: str, query: str = "") -> None:
        self.events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.takes = True
        self.status = 0
        self._leave = asyncio.Event()
        headers = [(b"cookie", f"{COOKIE}={token}".encode())]
        scope = {"type": "http", "method": "GET", "path": "/live", "headers": headers, "query_string": query.encode()}
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, Any]:
        await self._leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if not self.takes:
            await asyncio.Event().wait()
        self.status = message.get("status", self.status)
        for block in message.get("body", b"").decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in fields:
                self.events.put_nowait((fields["event"], json.loads(fields.get("data") or "null")))

    async def next(self) -> tuple[str, Any]:
        return await asyncio.wait_for(self.events.get(), PATIENCE)

    async def leave(self) -> None:
        self._leave.set()
        await asyncio.wait_for(self.task, PATIENCE)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.05)


def token(services: Services, world: World, who: str) -> str:
    with services.registry.write(LOGIN) as tx:
        return sessions.start_session(tx, world.user(who), second_factor=True, address="127.0.0.1", agent="test")


def run(test: Callable[[LiveApp], Awaitable[None]], services: Services) -> None:
    async def within() -> None:
        app = LiveApp(services)
        await test(app)

    run_apart(within())


def away(services: Services) -> Registry:
    """A registry that is not there: no server listens, no such folder."""
    gone = {"sqlite": "sqlite:////nowhere/at/all.db", "postgresql": "postgresql+psycopg://a:b@127.0.0.1:9/none"}
    return Registry(create_engine(gone[services.registry.engine.dialect.name]))


def test_streams_stay_open_while_the_database_is_away(services: Services, world: World) -> None:
    """Nobody is thrown out; what changed meanwhile is told afterwards."""
    cookie = token(services, world, "sky-r1")

    async def story(app: LiveApp) -> None:
        reader = Reader(app, cookie)
        assert (await reader.next())[0] == "hello"
        failed = asyncio.Event()
        app.hub._registry = Failing(away(services), failed)
        await asyncio.wait_for(failed.wait(), PATIENCE)
        fire(services.registry, tenant="sky-r1", circuit="sky-r1-backup")
        assert reader.events.empty()
        app.hub._registry = services.registry
        assert (await reader.next())[1]["where"] == "Line sky-r1-backup"
        await reader.leave()

    run(story, services)


def test_a_new_stream_waits_for_the_database(services: Services, world: World) -> None:
    """Whoever comes while it is away is asked to come later, and let in then."""
    cookie = token(services, world, "sky-r1")

    async def story(app: LiveApp) -> None:
        app._registry = away(services)
        turned_away = Reader(app, cookie)
        await asyncio.wait_for(turned_away.task, PATIENCE)
        assert turned_away.status == 503
        app._registry = services.registry
        reader = Reader(app, cookie)
        assert (await reader.next())[0] == "hello"
        await reader.leave()

    run(story, services)


def test_a_slow_reader_is_let_go_and_nobody_else(
    services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One takes nothing; his stream ends, the other hears everything."""
    monkeypatch.setattr(hub, "WAITING", 3)
    monkeypatch.setattr(asgi, "SEND_SECONDS", 0.5)
    slow_cookie, quick_cookie = token(services, world, "support"), token(services, world, "sales")

    async def story(app: LiveApp) -> None:
        slow, reader = Reader(app, slow_cookie), Reader(app, quick_cookie)
        assert (await slow.next())[0] == (await reader.next())[0] == "hello"
        slow.takes = False
        for number in range(8):
            fire(services.registry, summary=f"number {number}", link=SKY.link)
            assert (await reader.next())[1]["title"] == f"number {number}"
        await asyncio.wait_for(slow.task, PATIENCE)
        assert [stream.user for stream in app.hub.streams] == [world.user("sales").id]
        await reader.leave()
        assert not app.hub.streams

    run(story, services)


def test_a_storm_is_told_as_a_number(services: Services, world: World) -> None:
    """Forty alerts within one look: one event says how many, and none is lost from the count."""
    cookie = token(services, world, "support")

    async def story(app: LiveApp) -> None:
        reader = Reader(app, cookie)
        before = (await reader.next())[1]["open"]
        storm = [alert(tenant="sky-r1", circuit="sky-r1-main", number=str(number)) for number in range(40)]
        note(services.registry, storm)
        name, told = await reader.next()
        assert (name, told["firing"], told["open"]) == ("many", 40, before + 40)
        note(services.registry, [replace(one, ended=time.time()) for one in storm])
        assert (await reader.next())[1] == {"firing": 0, "ended": 40, "open": before}
        await reader.leave()

    run(story, services)


def test_what_is_acknowledged_is_no_new_alert(services: Services, world: World) -> None:
    """The pages are to be drawn anew, but nothing pops up again."""
    cookie = token(services, world, "support")

    async def story(app: LiveApp) -> None:
        reader = Reader(app, cookie)
        await reader.next()
        with services.registry.write(Scope("staff", SKY.id)) as tx:
            alerts.acknowledge(tx, world.alerts[SKY.id, ""], Actor("support@skylink.example"), "on it", time.time())
        assert (await reader.next())[1]["kind"] == "changed"
        await reader.leave()

    run(story, services)


def test_it_begins_anew_where_the_script_says(services: Services, world: World) -> None:
    """A new connection of a script names the last change in its address; the browser's own does in a header."""
    cookie = token(services, world, "sky-r2")
    fire(services.registry, tenant="sky-r2", circuit="sky-r2-main")

    async def story(app: LiveApp) -> None:
        reader = Reader(app, cookie, "after=1000")
        assert (await reader.next())[0] == "hello"
        assert (await reader.next())[1]["kind"] == "firing"
        await reader.leave()

    run(story, services)


def test_who_comes_back_hears_his_own_whatever_others_had(
    services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a storm of another isp; one of before the farthest look back is left to his page, which begins anew."""
    cookies = [token(services, world, who) for who in ("sky-r1", "support")]
    note(services.registry, [alert(DELTA, tenant="del-r1", number=str(number)) for number in range(600)])
    fire(services.registry, tenant="sky-r1", circuit="sky-r1-main")

    async def story(app: LiveApp) -> None:
        for cookie in cookies:
            reader = Reader(app, cookie, "after=1000")
            assert (await reader.next())[0] == "hello"
            assert (await reader.next())[1]["where"] == "Line sky-r1-main"
            await reader.leave()
        monkeypatch.setattr(hub, "FARTHEST", 5)
        note(services.registry, [alert(DELTA, tenant="del-r1", again=str(number)) for number in range(5)])
        reader = Reader(app, cookies[0], "after=1000")
        assert (await reader.next())[0] == "hello"
        fire(services.registry, tenant="sky-r1", circuit="sky-r1-backup")
        assert (await reader.next())[1]["where"] == "Line sky-r1-backup"
        await reader.leave()

    run(story, services)


@pytest.mark.parametrize(("isp", "tenant"), [(DELTA, "del-r2"), (SKY, "sky-r2")])
def test_a_circuit_that_is_another_customers_now_is_told_by_its_id(
    services: Services, world: World, isp: Isp, tenant: str
) -> None:
    """Its name is the new owner's: neither the old one nor the old one's provider hears it with the old alert."""
    own, staff = token(services, world, "sky-r1"), token(services, world, "support")
    begun = fire(services.registry, tenant="sky-r1", circuit="sky-r1-main")

    async def story(app: LiveApp) -> None:
        listening = [Reader(app, own), Reader(app, staff)]
        for reader in listening:
            assert (await reader.next())[0] == "hello"
        given_anew(services.registry, "sky-r1-main", isp, tenant)
        end(services.registry, begun)
        said = [await reader.next() for reader in listening]
        back = [Reader(app, cookie, "after=1000") for cookie in (own, staff)]
        assert [(await reader.next())[0] for reader in back] == ["hello", "hello"]
        said += [await reader.next() for reader in back]
        assert [(told["kind"], told["where"]) for _, told in said] == [("ended", "sky-r1-main")] * 4
        assert [told["title"] for _, told in said] == ["sky-r1-main was down", "Circuit down"] * 2
        for reader in (*listening, *back):
            await reader.leave()

    run(story, services)


def test_an_owner_who_turns_to_another_isp_begins_anew(services: Services, world: World) -> None:
    """The stream of the one ends without a farewell, so the browser comes back as looking at the other."""
    cookie = token(services, world, "owner")
    with services.registry.write(LOGIN) as tx:
        session = sessions.find_session(tx, cookie)
        assert session is not None
        sessions.choose_isp(tx, session, SKY.id)

    async def story(app: LiveApp) -> None:
        reader = Reader(app, cookie)
        await reader.next()
        with services.registry.write(LOGIN) as tx:
            sessions.choose_isp(tx, session, DELTA.id)
        await asyncio.wait_for(reader.task, PATIENCE)
        assert reader.events.empty()

    run(story, services)


class Failing(Registry):
    """The registry `broken`, which says when it was asked."""

    def __init__(self, broken: Registry, asked: asyncio.Event) -> None:
        super().__init__(broken.engine)
        loop = asyncio.get_running_loop()
        self._say: Callable[[], object] = lambda: loop.call_soon_threadsafe(asked.set)

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Transaction]:
        self._say()
        with super().read(scope) as transaction:
            yield transaction
