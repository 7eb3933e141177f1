"""Logging in with a password, and out."""

from __future__ import annotations

import time

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from inventory.registry import people
from inventory.registry.scope import SERVICE
from inventory.registry.tables import audit, users
from portal.app import create_app
from portal.services import Services
from tests.portal import conftest
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.login.forms import HOME, give_password, is_logged_in, submit, where
from tests.portal.templates import Stocked
from tests.portal.world import PASSWORD, World


@on_both_databases
def test_a_tenant_gets_in_and_out(nobody: FlaskClient, world: World) -> None:
    """Password, own page, logout; after it the old cookie opens nothing."""
    assert where(give_password(nobody, world.user("reseller"))) == "/"
    assert where(nobody.get("/")) == "/my"
    cookie = nobody.get_cookie("session")
    assert cookie is not None
    assert where(submit(nobody, "/logout", page="/account")) == "/login"
    assert nobody.get_cookie("session") is None
    nobody.set_cookie("session", cookie.value)
    assert not is_logged_in(nobody)


@on_both_databases
def test_staff_sets_up_the_second_factor_before_anything_else(nobody: FlaskClient, world: World) -> None:
    """The right password of an engineer leads to the enrolment, and opens no page before it."""
    assert where(give_password(nobody, world.user("engineer"))) == "/login/enrol"
    assert where(nobody.get("/overview")) == "/login/code"
    assert where(nobody.get("/login/code")).startswith("/login/enrol")
    assert nobody.get("/api/v1/me").status_code == 401


@on_both_databases
def test_a_login_is_in_the_audit(nobody: FlaskClient, world: World, services: Services) -> None:
    """Who, how, and from where."""
    user = world.user("reseller")
    give_password(nobody, user)
    with services.registry.read(SERVICE) as tx:
        entry = tx.connection.execute(select(audit).where(audit.c.action == "login")).one()
    assert (entry.actor, entry.address, entry.isp, entry.tenant) == (user.email, HOME, user.isp, user.tenant)
    assert entry.detail == {"way": "password"}


def test_a_wrong_password_and_an_unknown_address_read_the_same(nobody: FlaskClient, world: World) -> None:
    """Nothing says which of the two it was."""
    wrong = give_password(nobody, world.user("reseller"), "something else")
    unknown = submit(nobody, "/login", email="nobody@sky-r1.example", password=PASSWORD)
    assert wrong.status_code == unknown.status_code == 422
    texts = [page.get_data(as_text=True).replace("nobody@", "boss@") for page in (wrong, unknown)]
    assert texts[0] == texts[1]


def test_an_unknown_address_takes_as_long(nobody: FlaskClient, world: World) -> None:
    """A password is hashed for nobody, too: in the processor's time, which a busy machine does not stretch."""

    def took(email: str) -> float:
        begun = time.thread_time()
        submit(nobody, "/login", email=email, password="wrong words altogether")
        return time.thread_time() - begun

    took("warm@up.example")
    # In turns: what else uses the processor's other half slows both down alike.
    pairs = [(took(world.user("reseller").email), took(f"nobody{number}@x.example")) for number in range(5)]
    known, unknown = (min(times) for times in zip(*pairs, strict=True))
    assert 0.7 < unknown / known < 1.4


def test_the_address_counts_in_any_case(nobody: FlaskClient, world: World) -> None:
    """People write their address as they like."""
    email = f"  {world.user('client').email.upper()} "
    assert where(submit(nobody, "/login", email=email, password=PASSWORD)) == "/"


def test_the_session_is_a_new_one_after_the_login(app: Flask, nobody: FlaskClient, world: World) -> None:
    """A token that somebody planted before the login is worth nothing after it."""
    nobody.set_cookie("session", "planted-by-somebody-else")
    give_password(nobody, world.user("reseller"))
    cookie = nobody.get_cookie("session")
    assert cookie is not None
    assert cookie.value != "planted-by-somebody-else"
    other = app.test_client()
    other.set_cookie("session", "planted-by-somebody-else")
    assert not is_logged_in(other)


def test_a_second_login_ends_the_first_session_of_that_browser(app: Flask, nobody: FlaskClient, world: World) -> None:
    """Its cookie is not left valid somewhere."""
    give_password(nobody, world.user("reseller"))
    first = nobody.get_cookie("session")
    assert first is not None
    link = app.test_client()
    link.set_cookie("session", first.value)
    assert is_logged_in(link)
    submit(nobody, "/login", page="/account", email=world.user("client").email, password=PASSWORD)
    assert is_logged_in(nobody)
    assert not is_logged_in(link)


def test_the_cookie_is_out_of_reach(nobody: FlaskClient, world: World) -> None:
    """Scripts do not see it and other sites do not send it."""
    answer = give_password(nobody, world.user("reseller"))
    cookie = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("session="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie


def test_on_https_the_cookie_is_bound_to_the_host(stocked: Stocked) -> None:
    """`__Host-`: secure, no other host can set or read it."""
    services = conftest.services_on(stocked[0], public_url="https://portal.example.net")
    client = create_app(services).test_client()
    answer = client.get("/login", base_url="https://portal.example.net")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-form=")
    assert "Secure" in cookie
    services.registry.engine.dispose()


@pytest.mark.parametrize("page", ["/my/alerts", "/my/circuits/sky-r1-main?range=7d"])
def test_one_comes_to_the_page_that_was_asked_for(nobody: FlaskClient, world: World, page: str) -> None:
    """Through the login and back."""
    login = where(nobody.get(page))
    answer = nobody.get(login).get_data(as_text=True)
    assert 'name="next"' in answer
    fields = {"email": world.user("reseller").email, "password": PASSWORD, "next": page}
    assert where(submit(nobody, "/login", page=login, **fields)) == page


@pytest.mark.parametrize(
    "evil",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "http:evil.example",
        " /my",
        "/logout",
        "/login?next=/login",
    ],
)
def test_nobody_is_led_to_another_site(nobody: FlaskClient, world: World, evil: str) -> None:
    """`next` is one of our pages or the first one."""
    fields = {"email": world.user("reseller").email, "password": PASSWORD, "next": evil}
    assert where(submit(nobody, "/login", **fields)) == "/"


def test_who_is_logged_in_is_not_asked_again(login_as: LoginAs) -> None:
    """The login's page leads on."""
    assert where(login_as("reseller").get("/login?next=/my/alerts")) == "/my/alerts"


@on_both_databases
def test_disabling_ends_what_is_open(login_as: LoginAs, services: Services, world: World, app: Flask) -> None:
    """Sessions, tokens and the password: all of it, at once."""
    user, client = world.user("engineer"), login_as("engineer")
    assert is_logged_in(client)
    with services.registry.write(SERVICE) as tx:
        people.disable(tx, user.id, by="admin")
    assert not is_logged_in(client)
    assert give_password(app.test_client(), user).status_code == 422
    with services.registry.write(SERVICE) as tx:
        people.enable(tx, user.id, by="admin")
    assert not is_logged_in(client)


def test_a_hash_of_other_days_is_made_anew(app: Flask, nobody: FlaskClient, services: Services, world: World) -> None:
    """When the parameters change, the next login keeps a hash with the new ones."""
    user = world.user("reseller")
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with services.registry.write(SERVICE) as tx:
        people.set_password(tx, user.id, weak)
    assert where(give_password(nobody, user)) == "/"
    with services.registry.read(SERVICE) as tx:
        kept = tx.connection.execute(select(users.c.password_hash).where(users.c.id == user.id)).scalar_one()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert where(give_password(app.test_client(), user)) == "/"


def test_an_account_without_a_password_has_none_that_works(
    nobody: FlaskClient, services: Services, world: World
) -> None:
    """Neither an empty one nor any other."""
    user = world.user("reseller")
    with services.registry.write(SERVICE) as tx:
        tx.connection.execute(users.update().where(users.c.id == user.id).values(password_hash=None))
    assert give_password(nobody, user, "").status_code == 422
    assert give_password(nobody, user, "nobody has this password").status_code == 422


@pytest.mark.parametrize("odd", ["a" * 5000, "\ud800", "ü" * 200, "' OR 1=1 --"])
def test_odd_input_is_just_wrong(nobody: FlaskClient, odd: str) -> None:
    """No input breaks the login."""
    data = {"email": odd.encode("utf-8", "surrogatepass"), "password": odd.encode("utf-8", "surrogatepass")}
    page = nobody.get("/login").get_data(as_text=True)
    csrf = page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    assert nobody.post("/login", data={**data, "csrf": csrf}).status_code == 422
