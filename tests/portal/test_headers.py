"""What every answer says to the browser, and how errors are told: pages for people, problems for programs."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.app import create_app
from tests.harness import free_port
from tests.portal import conftest
from tests.portal.conftest import LoginAs, csrf_of
from tests.portal.templates import Stocked

EXPECTED_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; frame-ancestors 'self'; object-src 'none'; base-uri 'none'; form-action 'self'"
)


def _assert_headers(answer: TestResponse) -> None:
    assert answer.headers["Content-Security-Policy"] == EXPECTED_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in answer.headers  # plain http, on this machine


@pytest.fixture
def failing(app: Flask) -> Flask:
    """An application one view of which has a fault."""

    def fail() -> str:
        raise LookupError("a secret detail")

    declared = app.view_functions["login.login"]
    fail.__dict__.update(declared.__dict__)
    app.view_functions["login.login"] = fail
    return app


def _answers(client: FlaskClient, logged_in: FlaskClient) -> dict[int, TestResponse]:
    big = b"x" * (1024 * 1024 + 1)
    return {
        200: client.get("/login"),
        303: client.get("/my"),
        400: client.post("/login", data={}),
        404: logged_in.get("/nothing/here"),
        405: logged_in.delete("/login"),
        413: client.post("/login", data=big, content_type="application/x-www-form-urlencoded"),
    }


def test_every_page_carries_the_headers(nobody: FlaskClient, login_as: LoginAs) -> None:
    """Errors too."""
    for status, answer in _answers(nobody, login_as("reseller")).items():
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        _assert_headers(answer)


def test_a_method_that_is_none_says_which_there_are(login_as: LoginAs) -> None:
    """RFC 9110, 15.5.6."""
    assert "GET" in login_as("reseller").delete("/login").headers["Allow"]


def test_a_fault_shows_nothing_of_itself(failing: Flask) -> None:
    """500 with a page, no trace of what failed."""
    answer = failing.test_client().get("/login")
    assert answer.status_code == 500
    assert "secret detail" not in answer.get_data(as_text=True)
    assert "LookupError" not in answer.get_data(as_text=True)
    _assert_headers(answer)


def test_programs_are_told_by_a_problem(nobody: FlaskClient, login_as: LoginAs) -> None:
    """RFC 9457, with the same headers."""
    admin = login_as("admin")
    big = {"data": b"x" * (1024 * 1024 + 1), "content_type": "application/json"}
    answers = (
        (401, nobody.get("/api/v1/me")),
        (401, nobody.get("/charts/circuit_bandwidth")),
        (404, admin.get("/api/v1/nothing")),
        (405, admin.delete("/api/v1/me")),
        (413, admin.post("/api/v1/resellers", headers={"X-CSRF-Token": csrf_of(admin)}, **big)),
    )
    for status, answer in answers:
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.json or {})["status"] == status
        _assert_headers(answer)


@pytest.fixture
def without_database(stocked: Stocked) -> FlaskClient:
    """A portal whose PostgreSQL is not there."""
    services = conftest.services_on(f"postgresql://backhaul@127.0.0.1:{free_port()}/backhaul")
    client = create_app(services).test_client()
    client.set_cookie("session", "some-session")
    assert stocked
    return client


def test_without_the_database_pages_say_so(without_database: FlaskClient) -> None:
    """What is away, what goes on, what to do; for programs the same; health is another matter than readiness."""
    page = without_database.get("/overview")
    assert page.status_code == 503
    assert "The registry does not answer" in page.get_data(as_text=True)
    assert "monitoring and messages go on" in page.get_data(as_text=True)
    assert page.headers["Retry-After"] == "10"
    _assert_headers(page)
    problem = without_database.get("/api/v1/me", headers={"Authorization": "Bearer bkh_x"})
    assert problem.status_code == 503
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert without_database.get("/-/healthy").status_code == 200
    assert without_database.get("/-/ready").status_code == 503
    assert without_database.get("/static/portal.css").status_code == 200


def test_https_is_remembered(stocked: Stocked) -> None:
    """HSTS where browsers come by https."""
    services = conftest.services_on(stocked[0], public_url="https://portal.example.net")
    answer = create_app(services).test_client().get("/login", base_url="https://portal.example.net")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    services.registry.engine.dispose()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost:9999", 200),
        ("[::1]:8080", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("evil.example:8080", 400),
        ("", 400),
        ("[", 400),
        ("user@127.0.0.1", 200),  # the name is what counts
    ],
)
def test_only_its_own_name_is_answered(nobody: FlaskClient, host: str, status: int) -> None:
    """A page elsewhere whose name leads to this machine gets nothing."""
    answer = nobody.get("/login", headers={"Host": host})
    assert answer.status_code == status
    assert "evil.example" not in answer.get_data(as_text=True)


def test_what_a_client_says_of_proxies_is_not_believed(nobody: FlaskClient) -> None:
    """No link and no redirect is made of X-Forwarded-Host."""
    said = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    answer = nobody.get("/my", headers=said)
    assert answer.headers["Location"] == "/login?next=/my"


def test_metrics_are_for_this_machine(nobody: FlaskClient) -> None:
    """From elsewhere, and through a proxy that says so, there is nothing here."""
    assert nobody.get("/metrics").status_code == 200
    assert nobody.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
    assert nobody.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404


def test_scripts_and_styles_are_kept_as_long_as_they_are_the_same(nobody: FlaskClient) -> None:
    """By the digest in their address; without it they are asked for anew."""
    page = nobody.get("/login").get_data(as_text=True)
    found = re.search(r'href="(/static/portal\.css\?v=[0-9a-f]{12})"', page)
    assert found is not None
    assert nobody.get(found[1]).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert nobody.get("/static/portal.css").headers["Cache-Control"] == "no-cache"
    assert nobody.get("/static/portal.css?v=000000000000").headers["Cache-Control"] == "no-cache"
    assert nobody.get("/static/../app.py").status_code == 404


def test_no_page_has_script_or_style_within(login_as: LoginAs, nobody: FlaskClient) -> None:
    """What the policy forbids is not there in the first place."""
    pages = [nobody.get(path) for path in ("/login", "/login/link")]
    pages += [login_as("admin").get(path) for path in ("/account", "/overview", "/devices/new", "/users")]
    pages += [login_as("reseller").get("/my"), login_as("owner", None).get("/platform")]
    for page in pages:
        text = page.get_data(as_text=True)
        assert page.status_code == 200
        assert re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text) is None
