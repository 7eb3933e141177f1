"""Who asks too often waits, whoever it is, and is told for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from inventory.registry.scope import LOGIN
from inventory.registry.tokens import GoodFor, create_token
from inventory.settings import SettingError
from portal.api.limits import Limiter
from portal.app import create_app
from portal.services import Services
from portal.settings import read_settings
from tests.portal.conftest import services_on, stock
from tests.portal.world import SKY, World

MakeLimited = Callable[[int, int], tuple[Services, World]]


@pytest.fixture
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeLimited]:
    """Services with these limits for a caller and for an address."""
    url, world = stock(request, "sqlite", tmp_path)
    made: list[Services] = []

    def make(caller: int, address: int) -> tuple[Services, World]:
        made.append(services_on(url, api_per_minute=caller, api_address_per_minute=address))
        return made[-1], world

    yield make
    for each in made:
        each.registry.engine.dispose()


def _token(services: Services, world: World, who: str) -> dict[str, str]:
    with services.registry.write(LOGIN) as tx:
        token = create_token(tx, world.user(who), GoodFor("test", ("read",), SKY.id))
    return {"Authorization": f"Bearer {token}"}


def test_each_token_has_its_own(limited: MakeLimited) -> None:
    """One that asks too often takes nothing from another."""
    services, world = limited(3, 100)
    client = create_app(services).test_client()
    busy, quiet = _token(services, world, "admin"), _token(services, world, "support")
    left = [client.get("/api/v1/me", headers=busy).headers["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = client.get("/api/v1/me", headers=busy)
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    assert refused.headers["RateLimit-Limit"] == "3"
    assert client.get("/api/v1/me", headers=quiet).status_code == 200


def test_guessing_is_asking(limited: MakeLimited) -> None:
    """Tokens that are none count for the address; what is refused asks the database nothing, and nowhere is exempt."""
    services, _ = limited(100, 5)
    client = create_app(services).test_client()
    seen = [client.get("/api/v1/me", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(5)]
    assert seen == [401] * 5
    with _counting(services) as statements:
        for path in ("/api/v1/me", "/api/v1/nowhere", "/api/v1/resellers"):
            answer = client.get(path, headers={"Authorization": "Bearer x"})
            assert answer.status_code == 429, path
            assert answer.content_type == "application/problem+json"
            assert "Retry-After" in answer.headers
    assert not statements
    assert _page(client) == 200


def test_pages_have_none_of_it(limited: MakeLimited) -> None:
    """The limits are the API's."""
    services, _ = limited(1, 1)
    client = create_app(services).test_client()
    assert [_page(client) for _ in range(5)] == [200] * 5


def test_settings() -> None:
    """They are set by the environment; what is no number is refused at the start."""
    environ = {"BACKHAUL_PUBLIC_URL": "https://portal.example.net", "BACKHAUL_API_PER_MINUTE": "7"}
    assert read_settings(environ).api_per_minute == 7
    for wrong in ("0", "-1", "many", "1e3"):
        with pytest.raises(SettingError, match="BACKHAUL_API_PER_MINUTE"):
            read_settings({**environ, "BACKHAUL_API_PER_MINUTE": wrong})


@contextmanager
def _counting(services: Services) -> Iterator[list[str]]:
    found: list[str] = []

    def note(*words: object) -> None:
        found.append(str(words[2]))

    event.listen(services.registry.engine, "before_cursor_execute", note)
    yield found
    event.remove(services.registry.engine, "before_cursor_execute", note)


def _page(client: FlaskClient) -> int:
    return client.get("/login").status_code


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(1, 50), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_never_more_than_twice_the_limit_in_a_minute(per_minute: int, pauses: list[float]) -> None:
    """All at once, then one as each comes back: a window of a minute holds at most the burst and what came back."""
    clock = Clock()
    limiter = Limiter(per_minute, clock)
    passed: list[float] = []
    for pause in pauses:
        clock.now += pause
        verdict = limiter.take("a")
        assert (verdict.retry_after is None) or verdict.remaining == 0
        if verdict.retry_after is None:
            passed.append(clock.now)
        else:
            clock.now += verdict.retry_after
            assert limiter.take("a").retry_after is None, "who waited as told may"
            passed.append(clock.now)
    for start in passed:
        assert sum(start <= at < start + 60 for at in passed) <= 2 * per_minute


def test_a_quiet_minute_gives_all_back() -> None:
    """And a limit of none is no limit."""
    clock = Clock()
    limiter = Limiter(5, clock)
    assert [limiter.take("a").remaining for _ in range(5)] == [4, 3, 2, 1, 0]
    assert limiter.take("a").retry_after == 12
    clock.now += 60
    assert limiter.take("a").remaining == 4
    with pytest.raises(ValueError, match="at least one"):
        Limiter(0)
