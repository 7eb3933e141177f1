"""Every unsafe request carries a token that another site cannot know."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inventory.registry.scope import SERVICE
from portal.services import Services
from tests.portal.conftest import LoginAs, csrf_of, on_both_databases
from tests.portal.login.forms import give_password, is_logged_in, where
from tests.portal.world import PASSWORD, World


def test_a_form_without_a_token_is_refused(login_as: LoginAs) -> None:
    """The session alone does not do."""
    client = login_as("reseller")
    answer = client.post("/logout")
    assert answer.status_code == 400
    assert "Load it again" in answer.get_data(as_text=True)
    assert is_logged_in(client)


def test_the_token_of_another_session_is_refused(login_as: LoginAs) -> None:
    """Who is logged in himself has a token, but not mine."""
    mine, other = login_as("reseller"), login_as("client")
    assert mine.post("/logout", data={"csrf": csrf_of(other)}).status_code == 400
    assert is_logged_in(mine)


def test_scripts_send_it_in_a_header(login_as: LoginAs) -> None:
    """For requests that have no form."""
    client = login_as("reseller")
    token = csrf_of(client)
    assert client.post("/logout", headers={"X-CSRF-Token": token}).status_code == 303
    assert not is_logged_in(client)


@pytest.mark.parametrize("token", ["", "ä", "\ud800", "0" * 64])
def test_a_wrong_token_is_just_wrong(login_as: LoginAs, token: str) -> None:
    """Whatever it is made of."""
    client = login_as("reseller")
    assert client.post("/logout", data={"csrf": token.encode("utf-8", "surrogatepass")}).status_code == 400


@on_both_databases
@pytest.mark.parametrize("path", ["/logout", "/login/code", "/login/enrol", "/account/password"])
def test_a_form_whose_session_has_ended_leads_to_the_login(login_as: LoginAs, services: Services, path: str) -> None:
    """Whatever it was for."""
    client = login_as("reseller")
    token = csrf_of(client)
    with services.registry.write(SERVICE) as tx:
        tx.connection.exec_driver_sql("UPDATE session SET expires_at = expires_at - 8 * 86400")
    assert where(client.post(path, data={"csrf": token})) == "/login"


def test_another_site_logs_nobody_out(app: Flask, login_as: LoginAs) -> None:
    """Its form comes without the session's cookie (SameSite); the answer does not take that away."""
    answer = app.test_client().post("/logout", headers={"Origin": "https://evil.example"})
    assert where(answer) == "/login"
    assert "Set-Cookie" not in answer.headers
    with_cookie = login_as("reseller")
    assert with_cookie.post("/logout", headers={"Origin": "https://evil.example"}).status_code == 400
    assert is_logged_in(with_cookie)


def test_the_login_itself_is_guarded(nobody: FlaskClient, world: World) -> None:
    """Another site cannot log somebody in as somebody else."""
    data = {"email": world.user("reseller").email, "password": PASSWORD}
    assert nobody.post("/login", data=data).status_code == 400
    nobody.get("/login")
    assert nobody.post("/login", data=data).status_code == 400
    assert not is_logged_in(nobody)


def test_two_open_login_pages_both_work(nobody: FlaskClient, world: World) -> None:
    """A second tab does not spoil the first."""
    first = nobody.get("/login").get_data(as_text=True)
    nobody.get("/login/link")
    csrf = first.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    data = {"csrf": csrf, "email": world.user("reseller").email, "password": PASSWORD}
    assert nobody.post("/login", data=data).status_code == 303


def test_the_api_takes_a_session_with_the_token_alone(login_as: LoginAs) -> None:
    """A page of another site that posts JSON gets nothing done."""
    client = login_as("admin")
    answer = client.delete("/api/v1/resellers/sky-r2", headers={"If-Match": "*"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_token_changes_with_the_session(nobody: FlaskClient, world: World, services: Services) -> None:
    """What was known before the login does not work after it."""
    before = nobody.get("/login").get_data(as_text=True).split('name="csrf" value="', 1)[1].split('"', 1)[0]
    give_password(nobody, world.user("reseller"))
    assert csrf_of(nobody) != before
    assert nobody.post("/logout", data={"csrf": before}).status_code == 400
    assert services.settings.public_url
