"""Guessing is slow, and the one whose account is guessed at still gets in."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from inventory.registry import attempts
from inventory.registry.scope import LOGIN, SERVICE
from inventory.registry.tables import login_failures
from portal.services import Services
from tests.portal.conftest import on_both_databases
from tests.portal.login.forms import HOME, enrolled, give_password, is_logged_in, submit, where
from tests.portal.world import PASSWORD, World

ELSEWHERE = "203.0.113.66"


def _hammer(client: FlaskClient, email: str, count: int, at: str = ELSEWHERE) -> list[int]:
    page = client.get("/login").get_data(as_text=True)
    csrf = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    data = {"csrf": csrf, "email": email, "password": "a guess of somebody"}
    return [client.post("/login", data=data, environ_base={"REMOTE_ADDR": at}).status_code for _ in range(count)]


def _let_pass(services: Services, seconds: float) -> None:
    """Make all that was counted so much older."""
    with services.registry.write(SERVICE) as tx:
        tx.connection.execute(update(login_failures).values(at=login_failures.c.at - seconds))


@on_both_databases
def test_the_eleventh_guess_has_to_wait(nobody: FlaskClient, services: Services, world: World) -> None:
    """Ten in a quarter of an hour; then 429 with when to come back, whatever the password."""
    user = world.user("reseller")
    assert _hammer(nobody, user.email, 12) == [422] * 10 + [429] * 2
    answer = submit(nobody, "/login", email=user.email, password=PASSWORD, at=ELSEWHERE)
    assert answer.status_code == 429
    assert 800 < int(answer.headers["Retry-After"]) <= 900
    assert "Try again in 15 minutes" in answer.get_data(as_text=True)
    _let_pass(services, 901)
    assert where(submit(nobody, "/login", email=user.email, password=PASSWORD, at=ELSEWHERE)) == "/"


@on_both_databases
def test_the_victim_gets_in_while_somebody_hammers(app: Flask, world: World) -> None:
    """From his own address the right password works, before and during the attack, after some slips of his own too."""
    user, attacker, victim = world.user("reseller"), app.test_client(), app.test_client()
    _hammer(attacker, user.email, 15)
    assert give_password(victim, user, "a slip of the finger").status_code == 422
    assert where(give_password(victim, user)) == "/"
    _hammer(attacker, user.email, 5)
    assert where(give_password(app.test_client(), user)) == "/"


def test_an_attack_from_all_over_the_world_leaves_the_known_address_open(
    app: Flask, services: Services, world: World
) -> None:
    """A hundred guesses from anywhere close the account to strangers, not to where its owner logged in before."""
    user = world.user("reseller")
    assert where(give_password(app.test_client(), user)) == "/"
    with services.registry.write(LOGIN) as tx:
        for number in range(100):
            attempts.begin_attempt(tx, user.email, f"203.0.{number}.9")
    stranger = submit(app.test_client(), "/login", email=user.email, password=PASSWORD, at="192.0.2.200")
    assert stranger.status_code == 429
    assert where(give_password(app.test_client(), user)) == "/"
    neighbour = HOME.rpartition(".")[0] + ".99"  # another machine of the same block
    assert where(submit(app.test_client(), "/login", email=user.email, password=PASSWORD, at=neighbour)) == "/"


@on_both_databases
def test_a_neighbour_does_not_lock_a_known_browser_out(app: Flask, world: World) -> None:
    """Behind one address (CGNAT, an office) somebody hammers: who logged in with this browser before gets in."""
    user, victim, attacker = world.user("reseller"), app.test_client(), app.test_client()
    assert where(give_password(victim, user)) == "/"
    assert _hammer(attacker, user.email, 11, at=HOME)[-1] == 429
    assert give_password(app.test_client(), user).status_code == 429, "another browser there has to wait"
    submit(victim, "/logout", page="/account")
    assert where(give_password(victim, user)) == "/"


def test_a_browser_is_known_to_the_accounts_that_used_it(app: Flask, world: World) -> None:
    """It has ten tries of its own, at its own accounts; at others it counts as any."""
    known, other = world.user("reseller"), world.user("client")
    browser = app.test_client()
    assert where(give_password(browser, known)) == "/"
    submit(browser, "/logout", page="/account")
    assert _hammer(browser, known.email, 11, at=HOME) == [422] * 10 + [429]
    assert where(give_password(app.test_client(), known)) == "/", "its slips are nobody else's"
    assert _hammer(app.test_client(), other.email, 10, at=HOME) == [422] * 10
    assert give_password(browser, other).status_code == 429


def test_an_account_that_does_not_exist_is_held_alike(nobody: FlaskClient) -> None:
    """The limit does not say whether there is an account."""
    assert _hammer(nobody, "nobody@sky-r1.example", 12) == [422] * 10 + [429] * 2


@on_both_databases
def test_one_address_cannot_try_all_accounts(nobody: FlaskClient, services: Services) -> None:
    """A hundred guesses at different accounts and that address waits."""
    with services.registry.write(LOGIN) as tx:
        for number in range(100):
            attempts.begin_attempt(tx, f"somebody{number}@x.example", ELSEWHERE)
    assert _hammer(nobody, "another@x.example", 1) == [429]
    assert _hammer(nobody, "another@x.example", 1, at="192.0.2.5") == [422]


def test_a_block_of_ipv6_is_one_neighbour(services: Services) -> None:
    """Who has 2^64 addresses has one."""
    with services.registry.write(LOGIN) as tx:
        for number in range(10):
            attempts.begin_attempt(tx, "a@x.example", f"2001:db8:1:{number}::{number}")
        with pytest.raises(attempts.TooMany):
            attempts.begin_attempt(tx, "a@x.example", "2001:db8:1:77::1")
        attempts.begin_attempt(tx, "a@x.example", "2001:db8:2::1")


def test_success_forgives_the_slips(app: Flask, nobody: FlaskClient, world: World) -> None:
    """Nine slips, in, nine slips again: nobody waits."""
    user = world.user("reseller")
    assert _hammer(nobody, user.email, 9, at=HOME) == [422] * 9
    assert where(give_password(app.test_client(), user)) == "/"
    assert _hammer(nobody, user.email, 9, at=HOME) == [422] * 9


@on_both_databases
def test_codes_are_counted_too(nobody: FlaskClient, services: Services, world: World) -> None:
    """Who has the password has ten tries at the code, not a million."""
    user = world.user("reseller")
    phone = enrolled(services.registry, services.vault, user)
    give_password(nobody, user)
    page = nobody.get("/login/code").get_data(as_text=True)
    csrf = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    wrong = {"csrf": csrf, "code": "12345"}
    answers = [nobody.post("/login/code", data=wrong, environ_base={"REMOTE_ADDR": HOME}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    right = {"csrf": csrf, "code": phone.now()}
    assert nobody.post("/login/code", data=right, environ_base={"REMOTE_ADDR": HOME}).status_code == 429
    assert not is_logged_in(nobody)


@on_both_databases
def test_what_is_counted_does_not_grow_for_ever(services: Services) -> None:
    """What no window looks at any more is forgotten."""
    with services.registry.write(LOGIN) as tx:
        for number in range(60):
            attempts.begin_attempt(tx, f"old{number}@x.example", f"198.18.{number}.1")
        attempts.remember(tx, "owner@x.example", HOME, "token of a browser")
    _let_pass(services, 4000)
    with services.registry.write(LOGIN) as tx:
        for number in range(60):
            attempts.begin_attempt(tx, f"new{number}@x.example", f"198.19.{number}.1")
        keys = tx.connection.execute(select(login_failures.c.key)).scalars().all()
        total = tx.connection.execute(select(func.count()).select_from(login_failures)).scalar_one()
    assert total < 250
    assert any(key.startswith("known:") for key in keys)
