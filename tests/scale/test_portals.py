"""Two portals on one PostgreSQL, as behind a front that gives each request to either: it shows nowhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from inventory.database import open_database
from inventory.registry.scope import Registry
from tests.harness import wait_until
from tests.portal.conftest import stock
from tests.portal.live.test_live import SOON, stream
from tests.portal.serving import COOKIE, Served, end, fire, serve
from tests.portal.world import PASSWORD, SKY


@dataclass(frozen=True)
class NoPrometheus:
    """Where none is: figures are not what is looked at."""

    url: str = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def portals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Served]]:
    """Two of them, each on its own port with processes of its own."""
    database, world = stock(request, "postgresql", tmp_path_factory.mktemp("database"))
    registry = Registry(open_database(database))
    nowhere: Any = NoPrometheus()
    with ExitStack() as running:
        yield [
            running.enter_context(serve(database, registry, world, nowhere, tmp_path_factory.mktemp("portal")))
            for _ in range(2)
        ]
    registry.engine.dispose()


def test_one_session_is_good_on_both_until_it_is_ended_on_one(portals: Sequence[Served]) -> None:
    """Logged in with a password on the first, at home on the second; a form of one is good on the other."""
    first, second = portals
    with requests.Session() as browser:
        page = browser.get(f"{first.url}/login", timeout=20)
        fields = {"email": f"boss@{SKY.client}.example", "password": PASSWORD}
        browser.post(f"{first.url}/login", data={"csrf": _csrf(page.text), **fields}, timeout=20)
        for portal in portals:
            mine = browser.get(f"{portal.url}/my", timeout=20)
            assert mine.status_code == 200
            assert f"Line {SKY.circuit(SKY.client)}" in mine.text
        token = _csrf(browser.get(f"{first.url}/account", timeout=20).text)
        # The form came from the first, and goes to the second.
        ended = browser.post(f"{second.url}/logout", data={"csrf": token}, headers={"Origin": second.url}, timeout=20)
        assert ended.url == f"{second.url}/login"
        for portal in portals:
            assert "/login" in browser.get(f"{portal.url}/my", timeout=20).url


def test_a_session_that_is_ended_on_one_is_ended_on_the_other(portals: Sequence[Served]) -> None:
    """At once: neither remembers who was logged in, nor keeps a stream open."""
    first, second = portals
    token = first.token("client")
    cookies = {COOKIE: token}
    for portal in portals:
        assert requests.get(f"{portal.url}/my", cookies=cookies, timeout=20).status_code == 200
    form = _csrf(requests.get(f"{second.url}/account", cookies=cookies, timeout=20).text)
    with stream(first, token) as reader:
        assert reader.next()[0] == "hello"
        answer = requests.post(
            f"{second.url}/logout", data={"csrf": form}, cookies=cookies, allow_redirects=False, timeout=20
        )
        assert answer.status_code in {302, 303}
        refused = requests.get(f"{first.url}/my", cookies=cookies, allow_redirects=False, timeout=20)
        assert refused.status_code in {302, 303}
        assert reader.next("alert")[0] == "bye"


def test_live_events_arrive_on_both(portals: Sequence[Served]) -> None:
    """Whichever one has the stream, and whoever wrote the alert down: within seconds."""
    first, second = portals
    token = first.token("sky-r2")
    with stream(first, token) as one, stream(second, token) as other:
        assert one.next()[0] == other.next()[0] == "hello"
        began = time.monotonic()
        down = fire(first.registry, tenant="sky-r2", circuit="sky-r2-main", device=SKY.device)
        for reader in (one, other):
            name, told, _ = reader.next()
            assert (name, told["kind"], told["where"]) == ("alert", "firing", "Line sky-r2-main")
        assert time.monotonic() - began < SOON
        end(first.registry, down)
        for reader in (one, other):
            assert reader.next()[1]["kind"] == "ended"


def test_what_was_missed_on_one_is_told_on_the_other(portals: Sequence[Served]) -> None:
    """A browser whose portal was stopped comes back to another one with the last id it had."""
    first, second = portals
    token = first.token("client")
    with stream(first, token) as reader:
        _, _, last = reader.next()
    missed = fire(first.registry, tenant=SKY.client, circuit=SKY.circuit(SKY.client))
    with stream(second, token, **{"Last-Event-ID": last}) as reader:
        assert reader.next()[0] == "hello"
        name, told, _ = reader.next()
        assert (name, told["kind"]) == ("alert", "firing")
    end(first.registry, missed)


def test_tries_to_guess_a_password_are_counted_together(portals: Sequence[Served]) -> None:
    """Going back and forth between the two wins nobody more tries."""
    refused: list[int] = []

    def tried_too_often() -> bool:
        portal = portals[len(refused) % 2]
        with requests.Session() as browser:
            form = _csrf(browser.get(f"{portal.url}/login", timeout=20).text)
            fields = {"csrf": form, "email": f"boss@{SKY.resellers[1]}.example", "password": f"wrong {len(refused)}"}
            refused.append(browser.post(f"{portal.url}/login", data=fields, timeout=20).status_code)
        return 429 in refused

    wait_until(tried_too_often, "the tries to be refused", timeout=30)
    alone = [status for place, status in enumerate(refused) if place % 2 == 0]
    assert len(alone) < len(refused)
    assert len(refused) <= 12


def _csrf(page: str) -> str:
    return page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
