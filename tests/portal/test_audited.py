"""No change without its entry in the audit: where that cannot be written, nothing is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from inventory.registry import audit, tables
from inventory.registry.scope import SERVICE
from portal.services import Services
from tests.portal.conftest import LoginAs, csrf_of, on_both_databases
from tests.portal.login.forms import give_password
from tests.portal.world import PASSWORD, SKY, World

pytestmark = on_both_databases

OTHER = "another few words in a row"
KEPT = (tables.users, tables.sessions, tables.api_tokens, tables.login_links)

# What everybody does with his own account, and an admin with another's: the path, the form, and the entry it leaves.
OWN: dict[str, tuple[str, Mapping[str, str], str]] = {
    "password": ("/account/password", {"current": PASSWORD, "new": OTHER, "again": OTHER}, "set password"),
    "other sessions": ("/account/sessions/end", {"which": "others"}, "end other sessions"),
    "a session": ("/account/sessions/end", {"which": "{session}"}, "end session"),
    "a token": ("/account/tokens", {"name": "collector", "scopes": "read", "days": "30"}, "create token"),
    "a token's end": ("/account/tokens/{token}/revoke", {}, "revoke token"),
    "logout": ("/logout", {}, "logout"),
    "a link": ("/users/{user}/login-link", {}, "make login link"),
}


@contextmanager
def without(services: Services, statement: str) -> Iterator[None]:
    """The database refuses what begins so."""

    def refuse(_connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        if said.startswith(statement):
            raise OperationalError(statement, None, Exception("refused"))

    event.listen(services.registry.engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(services.registry.engine, "before_cursor_execute", refuse)


def kept(services: Services) -> list[tuple[Any, ...]]:
    """Accounts, sessions, tokens and links."""
    with services.registry.read(SERVICE) as tx:
        rows = [row for table in KEPT for row in tx.connection.execute(select(table)).all()]
    return sorted(tuple(map(str, row)) for row in rows)


def actions(services: Services) -> list[str]:
    with services.registry.read(SERVICE) as tx:
        return [entry.action for entry in audit.entries(tx).items]


@pytest.mark.parametrize("what", OWN)
def test_what_is_not_audited_is_not_done(services: Services, login_as: LoginAs, world: World, what: str) -> None:
    """And what is done is: both in one transaction."""
    path, form, action = OWN[what]
    user = world.user("admin" if what == "a link" else "engineer")
    here, _ = login_as(user.role), login_as(user.role)
    words = {"token": world.tokens[SKY.id], "user": world.user("support").id, "session": other_session(here)}
    sent = {"csrf": csrf_of(here), **{name: text.format(**words) for name, text in form.items()}}
    before = kept(services)
    with without(services, "INSERT INTO audit "):
        assert here.post(path.format(**words), data=sent).status_code == 503
    assert kept(services) == before
    assert actions(services) == []
    assert here.post(path.format(**words), data=sent).status_code < 400
    assert kept(services) != before
    assert actions(services) == [action]


def test_a_login_that_did_not_begin_is_not_in_the_audit(app: Flask, services: Services, world: World) -> None:
    """The entry and the session come together."""
    client = app.test_client()
    with without(services, "INSERT INTO session "):
        give_password(client, world.user("reseller"))
    assert actions(services) == []
    give_password(client, world.user("reseller"))
    assert actions(services) == ["login"]


def other_session(client: Any) -> str:
    """What the page of one's account calls a session that is not this one."""
    page: str = client.get("/account").get_data(as_text=True)
    found = [each.partition('"')[0] for each in page.split('name="which" value="')[1:]]
    return next(each for each in found if each != "others")
