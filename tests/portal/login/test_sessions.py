"""How long a session lasts, and what ends it."""

from __future__ import annotations

import time

import pytest
from flask import Flask
from sqlalchemy import select

from inventory.registry import sessions, tables
from inventory.registry.scope import LOGIN, SERVICE
from portal.account.agents import browser_name
from portal.services import Services
from tests.portal.conftest import LoginAs, csrf_of, on_both_databases
from tests.portal.login.forms import give_password, is_logged_in, session_count, submit, where
from tests.portal.staff.acting import exported, fields_of
from tests.portal.world import DELTA, PASSWORD, SKY, World


def _age(services: Services, column: str, seconds: float) -> None:
    with services.registry.write(SERVICE) as tx:
        tx.connection.exec_driver_sql(f"UPDATE session SET {column} = {column} - {seconds}")


@on_both_databases
def test_a_session_that_is_not_used_ends(login_as: LoginAs, services: Services) -> None:
    """After twelve hours."""
    client = login_as("reseller")
    _age(services, "seen_at", 11.9 * 3600)
    assert is_logged_in(client)
    _age(services, "seen_at", 12.1 * 3600)
    assert not is_logged_in(client)


@on_both_databases
def test_every_session_ends_after_a_week(login_as: LoginAs, services: Services) -> None:
    """However much it is used."""
    client = login_as("reseller")
    _age(services, "expires_at", 7 * 86400 - 60)
    assert is_logged_in(client)
    _age(services, "expires_at", 60)
    assert not is_logged_in(client)


@on_both_databases
def test_use_is_noted_once_a_minute(login_as: LoginAs, services: Services) -> None:
    """A page that is looked at writes nothing, but for the first in a minute."""
    client = login_as("reseller")

    def seen() -> float:
        with services.registry.read(SERVICE) as tx:
            return float(tx.connection.execute(select(tables.sessions.c.seen_at)).scalar_one())

    first = seen()
    client.get("/my")
    assert seen() == first
    _age(services, "seen_at", 61)
    client.get("/my")
    assert time.time() - seen() < 30


def test_a_page_that_lies_open_is_no_use(login_as: LoginAs, services: Services) -> None:
    """What a page fetches by itself keeps nobody logged in; who clicks is there."""
    client = login_as("reseller")
    _age(services, "seen_at", 11.9 * 3600)
    assert client.get("/my", headers={"X-Live": "1"}).status_code == 200
    client.get("/grafana/api/dashboards/uid/tenant-circuit")
    _age(services, "seen_at", 0.2 * 3600)
    assert client.get("/my", headers={"X-Live": "1"}).status_code == 303


def test_another_password_ends_the_other_sessions(app: Flask, login_as: LoginAs, world: World) -> None:
    """The one in which it was changed goes on."""
    here, there = login_as("reseller"), login_as("reseller")
    new = "another few words in a row"
    answer = submit(here, "/account/password", page="/account", current=PASSWORD, new=new, again=new)
    assert where(answer) == "/account"
    assert is_logged_in(here)
    assert not is_logged_in(there)
    assert give_password(app.test_client(), world.user("reseller")).status_code == 422
    assert where(give_password(app.test_client(), world.user("reseller"), new)) == "/"


def test_a_password_that_will_not_do(login_as: LoginAs) -> None:
    """Wrong old one, two different new ones, too short, the address: each says what it is."""
    client = login_as("reseller")
    for fields, text in (
        ({"current": "wrong words", "new": "x" * 20, "again": "x" * 20}, "This is not your password"),
        ({"current": PASSWORD, "new": "some long words", "again": "other long words"}, "not the same"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "at least 12 characters"),
        ({"current": PASSWORD, "new": "aaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaa"}, "same few characters"),
        ({"current": PASSWORD, "new": "boss@sky-r1.example", "again": "boss@sky-r1.example"}, "than your address"),
    ):
        answer = submit(client, "/account/password", page="/account", **fields)
        assert answer.status_code == 422
        assert text in answer.get_data(as_text=True)
    assert is_logged_in(client)


def test_one_sees_and_ends_ones_sessions(login_as: LoginAs, services: Services, world: World) -> None:
    """Each of them, or all others; nobody else's."""
    here, there, third = (login_as("reseller") for _ in range(3))
    stranger = login_as("client")
    page = here.get("/account").get_data(as_text=True)
    which = page.split('name="which" value="', 1)[1].split('"', 1)[0]
    assert stranger.post("/account/sessions/end", data={"csrf": csrf_of(stranger), "which": which}).status_code == 404
    assert where(here.post("/account/sessions/end", data={"csrf": csrf_of(here), "which": which})) == "/account"
    assert sorted((is_logged_in(there), is_logged_in(third))) == [False, True]
    where(here.post("/account/sessions/end", data={"csrf": csrf_of(here), "which": "others"}))
    assert session_count(services.registry, world.user("reseller")) == 1
    assert is_logged_in(here)
    assert is_logged_in(stranger)


@on_both_databases
def test_what_is_over_is_forgotten(login_as: LoginAs, services: Services, world: World) -> None:
    """The next login of anybody takes it out of the table."""
    login_as("reseller")
    _age(services, "expires_at", 8 * 86400)
    with services.registry.write(LOGIN) as tx:
        sessions.prune(tx)
    assert session_count(services.registry, world.user("reseller")) == 0


def test_no_token_is_kept(login_as: LoginAs, services: Services) -> None:
    """Who reads the database is not logged in."""
    client = login_as("reseller")
    cookie = client.get_cookie("session")
    assert cookie is not None
    with services.registry.read(SERVICE) as tx:
        rows = tx.connection.execute(select(tables.sessions)).all()
    assert cookie.value not in str(rows)


def test_the_owner_chooses_whose_network_to_look_at(login_as: LoginAs) -> None:
    """One isp after the other, in this session alone; one that is none is not there."""
    client, other = login_as("owner", None), login_as("owner", None)
    assert where(client.get("/")) == "/platform"
    assert client.get("/overview").status_code == 404
    assert 'role="search"' not in client.get("/platform").get_data(as_text=True), "there is nothing to search in yet"
    assert where(submit(client, "/platform", isp="deltanet")) == "/overview"
    assert "Deltanet Ltd" in client.get("/overview").get_data(as_text=True)
    assert 'role="search"' in client.get("/overview").get_data(as_text=True)
    assert where(submit(client, "/platform", isp="skylink")) == "/overview"
    assert "Deltanet" not in client.get("/overview").get_data(as_text=True)
    assert submit(client, "/platform", isp="nowhere").status_code == 404
    assert other.get("/overview").status_code == 404


@on_both_databases
def test_a_form_of_one_isp_is_not_saved_into_another(login_as: LoginAs, services: Services) -> None:
    """Opened in one tab, and another isp chosen in the next: it is refused, whatever its version."""
    owner = login_as("owner")
    left_open = fields_of(owner.get("/settings/edit").get_data(as_text=True)) | {"name": "Renamed"}
    where(submit(owner, "/platform", isp=SKY.id))
    where(submit(owner, "/platform", isp=DELTA.id))
    answer = owner.post("/settings/edit", data=left_open)
    assert answer.status_code == 400
    assert "another provider" in answer.get_data(as_text=True)
    assert "Renamed" not in exported(services, DELTA) + exported(services, SKY)
    where(submit(owner, "/platform", isp=SKY.id))
    still_good = fields_of(owner.get("/settings/edit").get_data(as_text=True)) | {"name": "Renamed"}
    where(submit(owner, "/platform", isp=SKY.id))
    assert where(owner.post("/settings/edit", data=still_good)) == "/settings"


_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        (_WINDOWS, "Chrome on Windows"),
        (f"{_WINDOWS} Edg/126.0", "Edge on Windows"),
        (_IPHONE, "Safari on iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "unknown"),
    ],
)
def test_a_session_is_known_by_its_browser(agent: str, name: str) -> None:
    """In words, where it is one of those many have."""
    assert browser_name(agent) == name
