"""A portal on a filled registry, and clients that are logged in, for every test of the portal.

`world` is what is in the registry, `app` the application on it, `login_as("engineer")` a test client logged in with
that role (or as a tenant: `login_as("sky-r2")`), `login_as("admin", DELTA)` the same of the other isp. Everything is a
test's own: what it changes no other test sees. On SQLite; a module that says `pytestmark = on_both_databases`
(from here) runs on PostgreSQL too.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inventory.database import open_database
from inventory.registry import sessions
from inventory.registry.people import User
from inventory.registry.scope import LOGIN, Registry
from inventory.registry.sessions import Session
from portal.app import create_app
from portal.login.cookies import session_cookie_name
from portal.login.current import session_identity
from portal.mail import Mailer
from portal.prometheus import Prometheus
from portal.services import Services
from portal.settings import Settings
from portal.tenancy import Identity
from tests.portal.browser import chromium, figures, served, visit  # noqa: F401 - fixtures
from tests.portal.prometheus import app_with_figures, filled_prometheus, services_with_figures  # noqa: F401 - fixtures
from tests.portal.templates import VAULT, Stocked
from tests.portal.world import SKY, Isp, World
from tests.postgres import APP, OWNER, Cluster

PUBLIC_URL = "http://127.0.0.1:8080"

# Nobody listens there: figures are unknown, and pages say so.
NO_PROMETHEUS = "http://127.0.0.1:9"

LoginAs = Callable[..., FlaskClient]

# For modules and tests that run on PostgreSQL too.
on_both_databases = pytest.mark.parametrize("stocked", ["sqlite", "postgresql"], indirect=True)

_numbers = count(1)


@pytest.fixture
def stocked(request: pytest.FixtureRequest, tmp_path: Path) -> Stocked:
    """The URL of a database with the world in it, and the world."""
    return stock(request, getattr(request, "param", "sqlite"), tmp_path)


def stock(request: pytest.FixtureRequest, kind: str, folder: Path) -> Stocked:
    """The same for a fixture of any scope."""
    template, made = request.getfixturevalue(f"{kind}_template")
    if kind == "sqlite":
        shutil.copy(template, folder / "portal.db")
        return f"sqlite:///{folder / 'portal.db'}", made
    cluster: Cluster = request.getfixturevalue("postgresql")
    name = f"portal_{next(_numbers)}"
    cluster.admin(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")
    return cluster.url(APP, name), made


@pytest.fixture
def world(stocked: Stocked) -> World:
    return stocked[1]


@pytest.fixture
def services(stocked: Stocked) -> Iterator[Services]:
    """What the application works with; without Prometheus, mail and exporter."""
    made = services_on(stocked[0])
    yield made
    made.registry.engine.dispose()


def services_on(database_url: str, **settings: Any) -> Services:
    """The same on that database, with other settings where they are given."""
    absent = {"prometheus_url": NO_PROMETHEUS, "exporter_urls": ()}
    read = Settings(**{"public_url": PUBLIC_URL, "database_url": database_url, **absent, **settings})
    registry = Registry(open_database(database_url))
    return Services(read, registry, VAULT, Prometheus(read.prometheus_url, 1.0), Mailer(read.mail))


@pytest.fixture
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def nobody(app: Flask) -> FlaskClient:
    """A browser that is not logged in."""
    return app.test_client()


@pytest.fixture
def login_as(app: Flask, services: Services, world: World) -> LoginAs:
    """A browser in which somebody is logged in, by a session row instead of the login's pages.

    The owner looks at `isp`; `login_as("owner", None)` has chosen none yet.
    """

    def login(who: str, isp: Isp | None = SKY) -> FlaskClient:
        user = world.user(who, isp or SKY)
        return logged_in_client(app, services, user, None if isp is None else isp.id)

    return login


def logged_in_client(app: Flask, services: Services, user: User, isp: str | None) -> FlaskClient:
    """A test client with a session of `user`, looking at `isp`."""
    with services.registry.write(LOGIN) as tx:
        seen_as = replace(user, isp=user.isp or isp)
        token = sessions.start_session(tx, seen_as, second_factor=True, address="127.0.0.1", agent="test")
    client = app.test_client()
    client.set_cookie(session_cookie_name(https=services.settings.https), token)
    return client


def identity_of(user: User, isp: str | None) -> Identity:
    """Who the portal takes that account for, looking at `isp`."""
    now = 0.0
    session = Session(
        "", user, "", user.isp or isp, second_factor=True, created_at=now, seen_at=now, address="", agent=""
    )
    return session_identity(session)


def csrf_of(client: FlaskClient) -> str:
    """The token a form of this client's session must carry, as its own page says."""
    page = client.get("/account").get_data(as_text=True)
    return page.split('name="csrf" value="', 1)[1].split('"', 1)[0]
