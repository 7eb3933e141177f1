"""Queries of one person wait for each other, and hold nobody else up."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote

import pytest

from inventory.secrets import Secret
from portal import turns
from portal.asgi import GATEWAY_THREADS, Portal
from portal.metrics import exposition
from portal.prometheus import Prometheus
from portal.queries import CATALOGUE
from portal.turns import AT_ONCE, WAITING, TooManyAtOnce, Turns, whose_query
from tests.harness import run_apart
from tests.portal.conftest import services_on
from tests.portal.gateway.conftest import TOKEN
from tests.portal.templates import Stocked
from tests.portal.test_lanes import ask
from tests.portal.test_prometheus import VECTOR, say, serving

REFUSED = 'backhaul_portal_grafana_refused_total{reason="busy",where="gateway"}'


def refused() -> float:
    """How many were, in this process."""
    lines = exposition().decode().splitlines()
    return next((float(line.removeprefix(REFUSED)) for line in lines if line.startswith(REFUSED)), 0.0)


def test_one_has_four_turns_and_all_others_have_theirs() -> None:
    """Who waits comes in as soon as one of his own is done; whoever waits for too much is told so at once."""

    async def crowd() -> None:
        lines, inside, release = Turns(), [], asyncio.Event()

        async def ask(who: str) -> None:
            async with lines.of(who):
                inside.append(who)
                await release.wait()

        busy = [asyncio.create_task(ask("a")) for _ in range(AT_ONCE + WAITING)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert inside == ["a"] * AT_ONCE
        with pytest.raises(TooManyAtOnce):
            await ask("a")
        other = asyncio.create_task(ask("b"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert inside == [*["a"] * AT_ONCE, "b"]
        release.set()
        await asyncio.gather(*busy, other)
        assert len(inside) == AT_ONCE + WAITING + 1
        assert len(lines) == 0

    run_apart(crowd())


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """And who was given up, or went away, leaves no turn taken."""
    monkeypatch.setattr(turns, "PATIENCE", 0.05)

    async def crowd() -> None:
        lines, release = Turns(), asyncio.Event()

        async def ask() -> None:
            async with lines.of("a"):
                await release.wait()

        busy = [asyncio.create_task(ask()) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyAtOnce):
            await ask()
        busy[0].cancel()
        release.set()
        await asyncio.gather(*busy, return_exceptions=True)
        await ask()
        assert len(lines) == 0

    run_apart(crowd())


def test_slow_queries_of_one_leave_the_gateway_to_the_others(stocked: Stocked, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than it has threads: another's is answered meanwhile, and what is too much is refused and counted."""
    monkeypatch.setattr(turns, "WAITING", GATEWAY_THREADS)
    before = refused()
    release = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, expr: str) -> None:
        if "sky-r1" in expr:
            release.wait(20)
        say(handler, json.dumps(VECTOR).encode())

    with serving(answer) as url:
        services = services_on(stocked[0], grafana_gateway_token=Secret(TOKEN))
        services = replace(services, prometheus=Prometheus(url, 15.0))
        panel = f"/gateway/api/v1/query?query={quote(CATALOGUE['tenant-download'].expr)}"

        async def crowd() -> list[int]:
            portal = Portal(services)

            def asked(who: str) -> asyncio.Task[int]:
                login = stocked[1].user(who).id.encode()
                headers = ((b"authorization", f"Bearer {TOKEN}".encode()), (b"x-grafana-user", login))
                return asyncio.create_task(ask(portal, "GET", panel, *headers))

            slow = [asked("sky-r1") for _ in range(AT_ONCE + GATEWAY_THREADS)]
            await asyncio.sleep(0)
            assert await asyncio.wait_for(asked("sky-r1"), 10) == 429
            assert await asyncio.wait_for(asked("sky-r2"), 10) == 200
            assert not any(one.done() for one in slow)
            release.set()
            return await asyncio.gather(*slow)

        assert set(run_apart(crowd())) == {200}
        services.registry.engine.dispose()
    assert refused() == before + 1


@pytest.mark.parametrize(
    ("path", "headers", "whose"),
    [
        ("/gateway/api/v1/query_range", [(b"x-grafana-user", b"u1")], ("gateway", "u1")),
        ("/grafana/api/ds/query", [(b"cookie", b"a=b; session=t1")], ("proxy", "t1")),
        # As the views read it: of two cookies of one name the first, so a second one makes nobody another.
        ("/grafana/api/ds/query", [(b"cookie", b"session=t1; session=x"), (b"cookie", b"session=y")], ("proxy", "t1")),
        ("/grafana/d-solo/tenant-circuit", [], None),
        ("/my", [(b"cookie", b"session=t1")], None),
    ],
)
def test_whose_a_query_is(path: str, headers: list[tuple[bytes, bytes]], whose: tuple[str, str] | None) -> None:
    """Of the session, or of whom Grafana says."""
    assert whose_query({"path": path, "headers": headers}, "session") == whose
