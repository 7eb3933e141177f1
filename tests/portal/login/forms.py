"""Fills in forms as a browser does: opens the page, takes its token, sends."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from inventory.registry.people import User
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.tables import sessions, users
from inventory.vault import Vault, user_secret
from tests.portal.world import PASSWORD

_TOKEN = re.compile(r'name="csrf" value="([^"]*)"')
_KEY = re.compile(r'<code class="key">([A-Z2-7 ]+)</code>')

HOME = "198.51.100.7"


def submit(client: FlaskClient, path: str, *, page: str | None = None, at: str = HOME, **fields: str) -> TestResponse:
    """Open `page` (default: the path itself), and send its form with these fields from the address `at`."""
    opened = client.get(page or path, environ_base={"REMOTE_ADDR": at}).get_data(as_text=True)
    found = _TOKEN.search(opened)
    assert found is not None, f"no form on {page or path}: {opened[:300]}"
    return client.post(path, data={"csrf": html.unescape(found[1]), **fields}, environ_base={"REMOTE_ADDR": at})


def give_password(client: FlaskClient, user: User, password: str = PASSWORD, **more: str) -> TestResponse:
    return submit(client, "/login", email=user.email, password=password, **more)


def where(answer: TestResponse) -> str:
    """Where a redirect leads."""
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


def is_logged_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def shown_key(page: TestResponse) -> str:
    """The secret that an enrolment page shows."""
    found = _KEY.search(page.get_data(as_text=True))
    assert found is not None
    return found[1].replace(" ", "")


def enrolled(registry: Registry, vault: Vault, user: User) -> pyotp.TOTP:
    """Give the user a second factor, and the app that goes with it."""
    secret = pyotp.random_base32()
    with registry.write(SERVICE) as tx:
        sealed = vault.seal(secret, user_secret(user.id))
        query = update(users).where(users.c.id == user.id)
        tx.connection.execute(query.values(totp_sealed=sealed, totp_confirmed=True, totp_last_step=None))
    return pyotp.TOTP(secret)


def session_count(registry: Registry, user: User) -> int:
    with registry.read(SERVICE) as tx:
        return len(tx.connection.execute(select(sessions.c.csrf).where(sessions.c.user_id == user.id)).all())


Clients = Callable[[], FlaskClient]
