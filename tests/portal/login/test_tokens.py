"""API tokens: made in the account, shown once, good for what they say."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import select

from inventory.registry import people, tables
from inventory.registry.scope import SERVICE
from portal.services import Services
from tests.portal.conftest import LoginAs, csrf_of, on_both_databases
from tests.portal.login.forms import where
from tests.portal.world import World

_TOKEN = re.compile(r"bkh_[A-Za-z0-9_-]{40,}")


def _make(login_as: LoginAs, who: str, scopes: str, days: str = "90") -> str:
    client = login_as(who)
    data = {"csrf": csrf_of(client), "name": "collector", "scopes": scopes, "days": days}
    answer = client.post("/account/tokens", data=data)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    found = _TOKEN.search(answer.get_data(as_text=True))
    assert found is not None
    assert _TOKEN.search(client.get("/account").get_data(as_text=True)) is None
    return found[0]


def _ask(app: Flask, token: str, path: str = "/api/v1/me", method: str = "GET") -> int:
    return app.test_client().open(path, method=method, headers={"Authorization": f"Bearer {token}"}).status_code


@on_both_databases
def test_a_token_asks_as_its_maker(app: Flask, login_as: LoginAs, services: Services) -> None:
    """It reads what he may read; the database holds its hash."""
    token = _make(login_as, "reseller", "read")
    assert _ask(app, token) == 200
    assert _ask(app, token, "/api/v1/resellers/sky-r1") == 200
    assert _ask(app, token, "/api/v1/resellers/sky-r2") == 404
    with services.registry.read(SERVICE) as tx:
        assert token not in str(tx.connection.execute(select(tables.api_tokens)).all())


def test_what_was_typed_for_a_token_stays(login_as: LoginAs) -> None:
    """With what is wrong at its field, the days as well."""
    client = login_as("reseller")
    for wrong, at in (({"days": "7"}, "days"), ({"name": ""}, "name")):
        sent = {"csrf": csrf_of(client), "name": "collector", "scopes": "write", "days": "365", **wrong}
        answer = client.post("/account/tokens", data=sent)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert f'id="f-{at}-error"' in page
        assert f'name="name" type="text" value="{sent["name"]}"' in page
        assert '<option value="write" selected>read and write</option>' in page
        assert '<option value="365" selected>' in page or at == "days"


def test_a_token_opens_no_page(app: Flask, login_as: LoginAs) -> None:
    """Pages are for sessions."""
    token = _make(login_as, "admin", "write")
    assert _ask(app, token, "/overview") == 303
    assert _ask(app, token, "/account") == 303


@on_both_databases
def test_a_token_that_reads_does_not_write(app: Flask, login_as: LoginAs) -> None:
    """403, with what to do."""
    token = _make(login_as, "admin", "read")
    assert _ask(app, token, "/api/v1/resellers/sky-r2", "DELETE") == 403
    writing = _make(login_as, "admin", "write")
    assert _ask(app, writing, "/api/v1/resellers/sky-r2", "DELETE") == 428


@on_both_databases
def test_a_token_that_does_not_read(app: Flask, login_as: LoginAs, services: Services) -> None:
    """None is made; of one there is from before only what it was made for is taken."""
    token = _make(login_as, "admin", "write")
    assert _ask(app, token, "/api/v1/resellers") == 200, "who may write may read"
    with services.registry.write(SERVICE) as tx:
        tx.connection.execute(tables.api_tokens.update().values(scopes=["write"]))
    for path in ("/api/v1/me", "/api/v1/resellers", "/api/v1/openapi.json"):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert _ask(app, token, path, method) == 403, (method, path)
    answer = app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.get_json()["detail"] == "this token may not read; make one that may at /account"
    assert _ask(app, token, "/api/v1/resellers/sky-r2", "DELETE") == 428


@on_both_databases
def test_a_token_ends(app: Flask, login_as: LoginAs, services: Services, world: World) -> None:
    """When it is revoked, when it is too old, when its maker is disabled."""
    revoked, old, orphan = (_make(login_as, "engineer", "read") for _ in range(3))
    client = login_as("engineer")
    page = client.get("/account").get_data(as_text=True)
    with services.registry.read(SERVICE) as tx:
        columns = tables.api_tokens.c
        known = world.tokens["skylink"]
        ids = list(tx.connection.execute(select(columns.id).order_by(columns.created_at)).scalars())
    mine = [each for each in ids if each in page and each != known]
    assert len(mine) == 3
    where(client.post(f"/account/tokens/{mine[0]}/revoke", data={"csrf": csrf_of(client)}))
    assert [_ask(app, token) for token in (revoked, old, orphan)] == [401, 200, 200]
    with services.registry.write(SERVICE) as tx:
        query = tables.api_tokens.update().where(tables.api_tokens.c.id == mine[1])
        tx.connection.execute(query.values(expires_at=tables.api_tokens.c.expires_at - 91 * 86400))
    assert [_ask(app, token) for token in (revoked, old, orphan)] == [401, 401, 200]
    with services.registry.write(SERVICE) as tx:
        people.disable(tx, world.user("engineer").id, by="admin")
    assert _ask(app, orphan) == 401


def test_a_token_makes_no_token_and_no_user(app: Flask, login_as: LoginAs) -> None:
    """What would outlive it needs a person."""
    token = _make(login_as, "admin", "write")
    answer = app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    said = answer.get_data(as_text=True)
    assert "tokens.write" not in said
    assert "users.write" not in said


def test_a_form_that_says_too_little(login_as: LoginAs) -> None:
    """No name, no scope, no such lifetime: nothing is made."""
    client = login_as("engineer")
    wrongs: tuple[dict[str, str], ...] = ({"name": ""}, {"scopes": ""}, {"scopes": "all"}, {"days": "7000"})
    for wrong in wrongs:
        data = {"csrf": csrf_of(client), "name": "collector", "scopes": "read", "days": "90", **wrong}
        answer = client.post("/account/tokens", data=data)
        assert answer.status_code == 422
        assert _TOKEN.search(answer.get_data(as_text=True)) is None


def test_what_is_no_token(app: Flask) -> None:
    """401 with a problem, whatever it is."""
    for given in ("", "Bearer", "Bearer ", "Bearer bkh_nothing", "Basic YTpi", "Bearer \xff\xfe"):
        answer = app.test_client().get("/api/v1/me", headers={"Authorization": given})
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
