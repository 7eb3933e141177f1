"""Codes of an authenticator app: enrolment, use, loss."""

from __future__ import annotations

import time

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from inventory.registry import people
from inventory.registry.scope import SERVICE
from inventory.registry.tables import users
from inventory.vault import Vault
from portal.services import Services
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.login.forms import enrolled, give_password, is_logged_in, shown_key, submit, where
from tests.portal.templates import VAULT
from tests.portal.world import SKY, World


def _code(app: pyotp.TOTP, steps: int = 0) -> str:
    """The code of now, or of so many steps of 30 s away. Not at the very end of a step, which the test might cross."""
    left = 30 - time.time() % 30
    if left < 3:
        time.sleep(left)  # the one thing a test cannot hurry
    return app.generate_otp(int(time.time()) // 30 + steps)


@on_both_databases
def test_the_first_login_of_staff_enrols(nobody: FlaskClient, app: Flask, world: World) -> None:
    """QR code and key, a code of them, in; at the next login the code is asked for."""
    user = world.user("engineer")
    assert where(give_password(nobody, user, next="/overview")) == "/login/enrol?next=/overview"
    page = nobody.get("/login/enrol?next=/overview")
    assert 'src="data:image/svg+xml' in page.get_data(as_text=True)
    phone = pyotp.TOTP(shown_key(page))
    assert submit(nobody, "/login/enrol", code="000000").status_code == 422
    assert shown_key(nobody.get("/login/enrol")) == phone.secret  # still the one that was scanned
    done = submit(nobody, "/login/enrol", page="/login/enrol?next=/overview", code=_code(phone), next="/overview")
    assert where(done) == "/overview"
    assert is_logged_in(nobody)

    again = app.test_client()
    assert where(give_password(again, user)) == "/login/code"
    assert not is_logged_in(again)
    assert where(submit(again, "/login/code", code=_code(phone, 1))) == "/"
    assert is_logged_in(again)


@on_both_databases
@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_half_a_minute_off(nobody: FlaskClient, services: Services, world: World, steps: int) -> None:
    """The code before, of now, and the next one."""
    user = world.user("reseller")
    phone = enrolled(services.registry, services.vault, user)
    give_password(nobody, user)
    assert where(submit(nobody, "/login/code", code=_code(phone, steps))) == "/"


@pytest.mark.parametrize("steps", [-3, 3])
def test_no_more_than_that(nobody: FlaskClient, services: Services, world: World, steps: int) -> None:
    """An old code, or one of the future, is none."""
    user = world.user("reseller")
    phone = enrolled(services.registry, services.vault, user)
    give_password(nobody, user)
    assert submit(nobody, "/login/code", code=_code(phone, steps)).status_code == 422
    assert not is_logged_in(nobody)


@on_both_databases
def test_a_code_is_accepted_once(app: Flask, services: Services, world: World) -> None:
    """Who looked over a shoulder has nothing; an older one than the last is refused as well."""
    user = world.user("reseller")
    phone = enrolled(services.registry, services.vault, user)
    first, second = app.test_client(), app.test_client()
    give_password(first, user)
    give_password(second, user)
    code, before = _code(phone), _code(phone, -1)
    assert where(submit(first, "/login/code", code=code)) == "/"
    assert submit(second, "/login/code", code=code).status_code == 422
    assert submit(second, "/login/code", code=before).status_code == 422
    assert where(submit(second, "/login/code", code=_code(phone, 1))) == "/"


def test_spaces_in_a_code_do_not_matter(nobody: FlaskClient, services: Services, world: World) -> None:
    """Apps show it as 123 456."""
    user = world.user("reseller")
    phone = enrolled(services.registry, services.vault, user)
    give_password(nobody, user)
    code = _code(phone)
    assert where(submit(nobody, "/login/code", code=f" {code[:3]} {code[3:]} ")) == "/"


def test_the_token_changes_with_the_code(nobody: FlaskClient, services: Services, world: World) -> None:
    """The session between password and code is another one than the session after it."""
    user = world.user("reseller")
    phone = enrolled(services.registry, services.vault, user)
    give_password(nobody, user)
    half = nobody.get_cookie("session")
    submit(nobody, "/login/code", code=_code(phone))
    whole = nobody.get_cookie("session")
    assert half is not None
    assert whole is not None
    assert half.value != whole.value


def test_a_session_that_waits_for_the_code_does_not_wait_long(
    nobody: FlaskClient, services: Services, world: World
) -> None:
    """Ten minutes after the password it is over."""
    user = world.user("reseller")
    enrolled(services.registry, services.vault, user)
    give_password(nobody, user)
    assert nobody.get("/login/code").status_code == 200
    with services.registry.write(SERVICE) as tx:
        tx.connection.exec_driver_sql("UPDATE session SET expires_at = expires_at - 601")
    assert where(nobody.get("/login/code")) == "/login"


@on_both_databases
def test_who_lost_the_phone_is_helped_by_an_admin(
    nobody: FlaskClient, services: Services, world: World, login_as: LoginAs
) -> None:
    """A reset ends the sessions; the next login enrols anew."""
    user, open_one = world.user("engineer"), login_as("engineer")
    enrolled(services.registry, services.vault, user)
    with services.registry.write(SERVICE) as tx:
        assert people.reset_totp(tx, user.id, by="admin")
    assert not is_logged_in(open_one)
    assert where(give_password(nobody, user)) == "/login/enrol"


def test_a_tenant_may_have_one(login_as: LoginAs, app: Flask, world: World) -> None:
    """Set up and taken away in the account; nobody asks a tenant to."""
    user, client = world.user("reseller"), login_as("reseller")
    phone = pyotp.TOTP(shown_key(client.get("/account/totp")))
    assert submit(client, "/account/totp", code="123456").status_code == 422
    assert where(submit(client, "/account/totp", code=_code(phone, -1))) == "/account"
    assert where(give_password(app.test_client(), user)) == "/login/code"
    assert submit(client, "/account/totp/remove", page="/account", code="123456").status_code == 422
    assert where(submit(client, "/account/totp/remove", page="/account", code=_code(phone))) == "/account"
    assert where(give_password(app.test_client(), user)) == "/"


def test_staff_moves_to_another_phone_but_not_away(login_as: LoginAs, services: Services, world: World) -> None:
    """Removing leads to the next enrolment at once."""
    user, client = world.user("engineer"), login_as("engineer")
    phone = enrolled(services.registry, services.vault, user)
    assert where(submit(client, "/account/totp/remove", page="/account", code=_code(phone))) == "/account/totp"
    assert shown_key(client.get("/account/totp")) != phone.secret


def test_a_secret_in_use_is_never_shown_again(login_as: LoginAs, services: Services, world: World) -> None:
    """Who sits down at an open browser does not take the second factor along."""
    phone = enrolled(services.registry, services.vault, world.user("reseller"))
    client = login_as("reseller")
    assert where(client.get("/account/totp")) == "/account"
    assert phone.secret not in client.get("/account").get_data(as_text=True)


def test_a_secret_that_does_not_open_says_what_to_do(nobody: FlaskClient, services: Services, world: World) -> None:
    """After a key was lost: nobody gets in by it, and the page says who can help."""
    user = world.user("reseller")
    phone = enrolled(services.registry, Vault([b"x" * 32]), user)
    give_password(nobody, user)
    answer = submit(nobody, "/login/code", code=_code(phone))
    assert answer.status_code == 422
    assert "Ask an admin to reset it" in answer.get_data(as_text=True)


def test_a_secret_opens_for_its_own_account_alone(nobody: FlaskClient, services: Services, world: World) -> None:
    """Copied to another row it is worth nothing."""
    mine, other = world.user("reseller"), world.user("client")
    phone = enrolled(services.registry, services.vault, mine)
    with services.registry.write(SERVICE) as tx:
        stolen = tx.connection.execute(users.select().where(users.c.id == mine.id)).one().totp_sealed
        query = update(users).where(users.c.id == other.id).values(totp_sealed=stolen, totp_confirmed=True)
        tx.connection.execute(query)
    give_password(nobody, other)
    assert submit(nobody, "/login/code", code=_code(phone)).status_code == 422
    assert VAULT is services.vault


@pytest.mark.parametrize(
    ("wanted", "first"),
    [
        ("/overview", "/platform?next=/overview"),
        ("/circuits/sky-r1-main?range=7d", "/platform?next=/circuits/sky-r1-main?range%3D7d"),
        ("/account", "/account"),
        ("", "/"),
    ],
)
def test_the_owner_who_logs_in_again_chooses_first(
    app: Flask, services: Services, world: World, wanted: str, first: str
) -> None:
    """The page he was on is of an isp, and the new session is of none: it waits behind the choice."""
    browser, owner = app.test_client(), world.user("owner")
    phone = enrolled(services.registry, services.vault, owner)
    code = where(give_password(browser, owner, next=wanted))
    assert where(submit(browser, code, code=_code(phone), next=wanted)) == first
    if first.startswith("/platform"):
        assert where(submit(browser, "/platform", page=first, isp=SKY.id, next=wanted)) == wanted
        assert browser.get(wanted).status_code == 200
        assert f'name="next" value="{wanted}"' in browser.get(first).get_data(as_text=True)
