"""Login links by mail: a button, once, for ten minutes, and no word on whether there is an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from aiosmtpd.controller import Controller
from flask.testing import FlaskClient

from inventory.mail import MailSettings
from inventory.models import Language
from inventory.registry import people, sessions
from inventory.registry.scope import LOGIN, SERVICE
from portal.app import create_app
from portal.services import Services
from simulator.mail.box import Mailbox
from tests.harness import free_port, wait_until
from tests.portal import conftest
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.login.forms import enrolled, give_password, is_logged_in, submit, where
from tests.portal.staff.operation import post
from tests.portal.templates import Stocked
from tests.portal.world import World

_LINK = re.compile(r"(http://127\.0\.0\.1:8080)(/login/link/\S+)")


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    """A mail server that keeps what it gets, and its port."""
    box, port = Mailbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


@pytest.fixture
def services(stocked: Stocked, mailbox: tuple[Mailbox, int]) -> Iterator[Services]:
    """As everywhere, with mail."""
    made = conftest.services_on(stocked[0], mail=MailSettings("127.0.0.1", mailbox[1], "portal@skylink.example"))
    yield made
    made.registry.engine.dispose()


def _mailed_link(box: Mailbox, count: int = 1) -> str:
    mails = wait_until(lambda: box.newest_first() if len(box.newest_first()) >= count else None, "the mail")
    found = _LINK.search(mails[0].body)
    assert found is not None
    return found[2]


@on_both_databases
def test_a_link_logs_in_once(nobody: FlaskClient, world: World, mailbox: tuple[Mailbox, int]) -> None:
    """Asked for, mailed, opened, pressed; a second time it is over, for everybody."""
    assert submit(nobody, "/login/link", email=world.user("reseller").email.upper()).status_code == 200
    link = _mailed_link(mailbox[0])
    assert mailbox[0].newest_first()[0].recipients == (world.user("reseller").email,)
    assert where(submit(nobody, link)) == "/"
    assert is_logged_in(nobody)
    assert nobody.get(link).status_code == 410
    assert nobody.post(link).status_code == 400  # without a form's token


@on_both_databases
def test_opening_a_link_does_not_use_it_up(app_client: FlaskClient, services: Services, world: World) -> None:
    """Scanners of mails open every link, some with HEAD."""
    with services.registry.write(LOGIN) as tx:
        link = f"/login/link/{sessions.make_link(tx, world.user('reseller').id)}"
    for _ in range(3):
        assert "You are about to log in as" in app_client.get(link).get_data(as_text=True)
        assert app_client.head(link).status_code == 200
    assert not is_logged_in(app_client)
    assert where(submit(app_client, link)) == "/"


@pytest.fixture
def app_client(services: Services) -> FlaskClient:
    return create_app(services).test_client()


@on_both_databases
def test_two_who_press_at_once(services: Services, world: World) -> None:
    """One of them gets in."""
    with services.registry.write(LOGIN) as tx:
        token = sessions.make_link(tx, world.user("reseller").id)
    with services.registry.write(LOGIN) as tx:
        assert sessions.use_link(tx, token) == world.user("reseller").id
    with services.registry.write(LOGIN) as tx:
        assert sessions.use_link(tx, token) is None


def test_a_link_is_over_after_ten_minutes(nobody: FlaskClient, services: Services, world: World) -> None:
    """And says how to get another one."""
    with services.registry.write(SERVICE) as tx:
        link = f"/login/link/{sessions.make_link(tx, world.user('reseller').id)}"
        tx.connection.exec_driver_sql("UPDATE login_link SET expires_at = expires_at - 601")
    page = nobody.get(link)
    assert page.status_code == 410
    assert "Ask for another one" in page.get_data(as_text=True)


def test_a_link_of_a_disabled_account_is_none(nobody: FlaskClient, services: Services, world: World) -> None:
    """It ends with the account."""
    with services.registry.write(SERVICE) as tx:
        link = f"/login/link/{sessions.make_link(tx, world.user('reseller').id)}"
        people.disable(tx, world.user("reseller").id, by="admin")
    assert nobody.get(link).status_code == 410


def test_a_link_does_not_stand_in_for_the_second_factor(nobody: FlaskClient, services: Services, world: World) -> None:
    """Who reads somebody's mail is not in yet."""
    user = world.user("reseller")
    phone = enrolled(services.registry, services.vault, user)
    with services.registry.write(LOGIN) as tx:
        link = f"/login/link/{sessions.make_link(tx, user.id)}"
    assert where(submit(nobody, link)) == "/login/code"
    assert not is_logged_in(nobody)
    assert where(submit(nobody, "/login/code", code=phone.now())) == "/"


def test_the_answer_does_not_say_whether_there_is_an_account(
    nobody: FlaskClient, world: World, mailbox: tuple[Mailbox, int]
) -> None:
    """The same page for an address that has one, that has none, and that had enough of them."""
    known = world.user("reseller").email
    pages = [submit(nobody, "/login/link", email=email) for email in ("nobody@x.example", known, known, known, known)]
    assert len({page.get_data(as_text=True) for page in pages}) == 1
    _mailed_link(mailbox[0], count=3)
    submit(nobody, "/login/link", email=world.user("client").email)
    mails = wait_until(lambda: len(mailbox[0].newest_first()) >= 4, "the mail of another account")
    assert mails
    assert len(mailbox[0].newest_first()) == 4  # three of five, and that one


@on_both_databases
def test_a_stranger_who_asks_for_links_keeps_nobody_out(
    nobody: FlaskClient, services: Services, login_as: LoginAs, world: World, mailbox: tuple[Mailbox, int]
) -> None:
    """His are over after ten minutes; the owner's request from elsewhere sends one, and so does an admin's button."""
    user, stranger = world.user("reseller"), "203.0.113.66"
    answers = [submit(nobody, "/login/link", email=user.email, at=stranger) for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    _mailed_link(mailbox[0], count=3)
    with services.registry.write(SERVICE) as tx:
        tx.connection.exec_driver_sql("UPDATE login_link SET expires_at = expires_at - 660")
        tx.connection.exec_driver_sql("UPDATE login_failure SET at = at - 660")
    for _ in range(4):
        submit(nobody, "/login/link", email=user.email, at=stranger)
    _mailed_link(mailbox[0], count=6)
    submit(nobody, "/login/link", email=user.email)
    assert where(submit(nobody, _mailed_link(mailbox[0], count=7))) == "/"
    submit(nobody, "/logout", page="/account")
    post(login_as("admin"), f"/users/{user.id}/login-link")
    assert where(submit(nobody, _mailed_link(mailbox[0], count=8))) == "/"


@on_both_databases
def test_a_known_browser_has_a_count_of_its_own(
    nobody: FlaskClient, app_client: FlaskClient, world: World, mailbox: tuple[Mailbox, int]
) -> None:
    """Who asks from the same address, or from all over the world, uses up nothing of it."""
    user = world.user("reseller")
    assert where(give_password(nobody, user)) == "/"
    submit(nobody, "/logout", page="/account")
    for _ in range(4):
        submit(app_client, "/login/link", email=user.email)
    for number in range(8):
        submit(app_client, "/login/link", email=user.email, at=f"203.0.{number}.9")
    _mailed_link(mailbox[0], count=9)
    submit(nobody, "/login/link", email=user.email)
    assert where(submit(nobody, _mailed_link(mailbox[0], count=10))) == "/"


_SAID = {
    "en": ("Your login link", "press the button within 10 minutes"),
    "bn": ("আপনার লগইন লিংক", "10 মিনিটের মধ্যে এই পাতাটি খুলে বোতামটি চাপুন"),
}


@pytest.mark.parametrize("language", get_args(Language))
def test_a_mail_is_in_the_language_of_the_account(
    nobody: FlaskClient, login_as: LoginAs, mailbox: tuple[Mailbox, int], language: Language
) -> None:
    """As the form of the account has it, from its first mail on."""
    account = {"name": "Rahim", "email": "rahim@example.net", "role": "support", "tenant": "", "language": language}
    assert post(login_as("admin"), "/users/new", account).status_code == 303
    link = _mailed_link(mailbox[0])
    (mail,) = mailbox[0].newest_first()
    subject, words = _SAID[language]
    assert mail.subject == subject
    assert words in mail.body
    assert "rahim@example.net" in mail.body
    assert where(submit(nobody, link)) == "/login/enrol"


@on_both_databases
def test_a_mailbox_is_not_flooded(nobody: FlaskClient, world: World, mailbox: tuple[Mailbox, int]) -> None:
    """From all over the world six links go to one account in the time one is good: who gets no more has them."""
    for number in range(8):
        submit(nobody, "/login/link", email=world.user("reseller").email, at=f"203.0.{number}.9")
    submit(nobody, "/login/link", email=world.user("client").email)
    assert where(submit(nobody, _mailed_link(mailbox[0], count=7))) == "/"
    assert len(mailbox[0].newest_first()) == 7


def test_a_mail_has_nothing_of_what_was_typed(nobody: FlaskClient, world: World, mailbox: tuple[Mailbox, int]) -> None:
    """Nobody sends mails of his own making to others by this form."""
    submit(nobody, "/login/link", email=f"{world.user('reseller').email}\r\nBcc: all@x.example")
    submit(nobody, "/login/link", email="evil@x.example, " + world.user("reseller").email)
    submit(nobody, "/login/link", email=world.user("client").email)
    _mailed_link(mailbox[0])
    assert [mail.recipients for mail in mailbox[0].newest_first()] == [(world.user("client").email,)]


def test_without_a_mail_server_the_page_says_so(stocked: Stocked) -> None:
    """And the login offers no link."""
    made = conftest.services_on(stocked[0])
    client = create_app(made).test_client()
    assert "no mail server" in client.get("/login/link").get_data(as_text=True)
    assert "/login/link" not in client.get("/login").get_data(as_text=True)
    made.registry.engine.dispose()


_SECRET = "/login/link/secret-token"


@pytest.mark.parametrize("way", [_SECRET, f"{_SECRET}/", f"{_SECRET}/x", "/login//link/secret-token", _SECRET.upper()])
def test_no_link_stands_in_the_log(nobody: FlaskClient, capsys: pytest.CaptureFixture[str], way: str) -> None:
    """Nor one that was mistyped, and may be used yet."""
    assert nobody.get(way).status_code in {308, 404, 410}
    assert nobody.post(way).status_code in {308, 400, 404}
    _says_no_link(capsys, "request")


def test_no_link_stands_in_the_log_while_the_registry_is_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line that says so is another one."""
    client = create_app(conftest.services_on(f"sqlite:///{tmp_path / 'without-tables.db'}")).test_client()
    assert client.get(_SECRET).status_code == 503
    _says_no_link(capsys, "the database failed")


def _says_no_link(capsys: pytest.CaptureFixture[str], event: str) -> None:
    said = "".join(capsys.readouterr())
    assert event in said
    assert "path=/login/link/" in said
    assert "secret-token" not in said.lower()
