"""Nobody sees or changes what is not theirs: every route of the portal, asked by everybody, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from inventory.registry import sessions, tables
from inventory.registry.scope import LOGIN, SERVICE, Registry
from portal.app import create_app
from portal.services import Services
from portal.tenancy import Access, declared
from tests.portal import conftest
from tests.portal.conftest import logged_in_client
from tests.portal.isolation_cases import CASES, PUBLIC, SAFE, Case, filled
from tests.portal.world import DELTA, SKY, STAFF, Isp, World


@dataclass(frozen=True)
class Somebody:
    """Who asks: a role or a tenant, of which isp, or looking at which (the owner)."""

    who: str
    isp: Isp | None

    def __str__(self) -> str:
        return f"{self.who} of {self.isp.id if self.isp else 'none'}"


SKYS = tuple(Somebody(who, SKY) for who in ("owner", *STAFF, *SKY.tenants))
OTHERS = (
    Somebody("owner", None),
    *(Somebody(who, DELTA) for who in ("owner", "admin", "engineer", DELTA.resellers[0], DELTA.client)),
)
EVERYBODY = (*SKYS, *OTHERS)


@dataclass(frozen=True)
class Stage:
    """An application that all cases share, since those who may not leave no trace; and a client for everybody."""

    app: Flask
    world: World
    registry: Registry
    clients: Mapping[Somebody, FlaskClient]
    tokens: Mapping[Somebody, str]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    url, world = conftest.stock(request, request.param, tmp_path_factory.mktemp("isolation"))
    services = conftest.services_on(url)
    app = create_app(services)
    clients, tokens = {}, {}
    for each in EVERYBODY:
        user = world.user(each.who, each.isp or SKY)
        clients[each] = logged_in_client(app, services, user, each.isp.id if each.isp else None)
        tokens[each] = _csrf(services, clients[each])
    yield Stage(app, world, services.registry, clients, tokens)
    services.registry.engine.dispose()


def test_every_route_has_a_case(app: Flask) -> None:
    """A route that is new and has no row in isolation_cases.py fails here; so does a row without a route."""
    known = {(case.method, case.rule) for case in CASES} | PUBLIC
    assert _routes(app) - known == set(), "add these to tests/portal/isolation_cases.py"
    assert known - _routes(app) == set(), "these rows of tests/portal/isolation_cases.py have no route"


def test_public_routes_are_those_that_are_known(app: Flask) -> None:
    """A view that is open to anybody is in the list of those, and no other is."""
    views = {(method, rule.rule): _access(app, rule.endpoint) for rule in app.url_map.iter_rules()
             for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}  # fmt: skip
    assert {route for route, access in views.items() if access.public} == PUBLIC


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.method} {case.rule}")
def test_nobody_gets_another_ones(stage: Stage, case: Case) -> None:
    """404 or the login for whoever may not; their own, and no word of another's, for whoever may elsewhere."""
    path = filled(case.address, stage.world)
    before = _rows_of_sky(stage.registry) if case.method not in SAFE else ()
    sent = _like_the_own(stage, case, path)
    _assert_led_to_login(_ask(stage.app.test_client(), case, path, {}, None), case)
    for each in EVERYBODY:
        if _is_theirs(stage, case, each):
            continue
        answer = _ask(stage.clients[each], case, path, sent, stage.tokens[each])
        where = f"{case.method} {path} as {each}: {answer.status_code}"
        if case.names or not _allowed(stage, case, each):
            assert answer.status_code == 404, where
        else:
            assert answer.status_code < 500, where
        betrayed = _forbidden(each).search(answer.get_data(as_text=True))
        assert betrayed is None, f"{where} tells {betrayed}"
    if before:
        assert _rows_of_sky(stage.registry) == before, f"{case.method} {path} changed something"


OWN = [case for case in CASES if case.own]


@pytest.mark.parametrize("stage", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", [case for case in OWN if case.method in SAFE], ids=lambda case: case.rule)
def test_those_who_may_see_it(stage: Stage, case: Case) -> None:
    """The address of each case is there for who may: else its 404 above would say nothing."""
    path = filled(case.address, stage.world)
    for each in _who_may(stage.app, stage.world, case):
        _assert_reached(_ask(stage.clients[each], case, path, {}, None), f"{case.method} {path} as {each}")


@pytest.mark.parametrize(
    "case", [case for case in OWN if case.method not in SAFE], ids=lambda case: f"{case.method} {case.rule}"
)
def test_whoever_may_does_it(app: Flask, services: Services, world: World, case: Case) -> None:
    """The same of what changes something: of each case alone, and by one, since another finds no more what is gone."""
    path, each = filled(case.address, world), _who_may(app, world, case)[0]
    client = logged_in_client(app, services, world.user(each.who), SKY.id)
    answer = _ask(client, case, path, {}, _csrf(services, client))
    _assert_reached(answer, f"{case.method} {path} as {each}")


def _who_may(app: Flask, world: World, case: Case) -> Sequence[Somebody]:
    """Those of SkyLink that have the permission and whose it is: at least one."""
    access = _access(app, _endpoint(app, case))
    found = [
        each
        for each in SKYS
        if access.allows(conftest.identity_of(world.user(each.who), SKY.id))
        and (case.only or each.who) == each.who
        and not (case.tenant and "-" in each.who and each.who != case.tenant)
    ]
    assert found, "nobody may: is `tenant` or `only` of this case right?"
    return found


def _assert_reached(answer: TestResponse, where: str) -> None:
    assert answer.status_code < 500, f"{where}: {answer.status_code}"
    assert answer.status_code not in {401, 404, 405}, f"{where}: {answer.status_code}"


def _forbidden(each: Somebody) -> re.Pattern[str]:
    """What no answer to this one may hold."""
    if each.isp is not SKY:
        return re.compile(r"sky-(r\d|c\d|core|nttn|mw)|skylink", re.IGNORECASE)
    if each.who in SKY.tenants:
        return re.compile(rf"sky-(?!{each.who.removeprefix('sky-')})(r\d|c\d|nttn)", re.IGNORECASE)
    return re.compile(r"del-(r\d|c\d|core|nttn|mw)|deltanet", re.IGNORECASE)


def _is_theirs(stage: Stage, case: Case, each: Somebody) -> bool:
    """Whether this one may, and it is theirs (or a list or form that shows everybody their own)."""
    if each.who == "owner" and case.rule.startswith("/platform"):
        return True
    if each.isp is not SKY or not _allowed(stage, case, each):
        return False
    if case.only is not None:
        return each.who == case.only
    is_tenant = each.who in SKY.tenants
    if not case.names:
        return not is_tenant or each.who == SKY.resellers[0]
    return not is_tenant or each.who == case.tenant


def _allowed(stage: Stage, case: Case, each: Somebody) -> bool:
    user = stage.world.user(each.who, each.isp or SKY)
    who = conftest.identity_of(user, each.isp.id if each.isp else None)
    return _access(stage.app, _endpoint(stage.app, case)).allows(who)


def _like_the_own(stage: Stage, case: Case, path: str) -> dict[str, object]:
    """What the one who may would send to the API: what it says now, with its version."""
    if case.method not in {"PUT", "PATCH", "DELETE"} or not path.startswith("/api/"):
        return {}
    own = stage.clients[Somebody("admin", SKY)].get(path)
    assert own.status_code == 200
    return {"json": own.get_json(), "headers": {"If-Match": own.headers["ETag"]}}


def _ask(client: FlaskClient, case: Case, path: str, sent: Mapping[str, object], token: str | None) -> TestResponse:
    options = dict(sent)
    if case.method not in SAFE:
        if path.startswith("/api/"):
            options.setdefault("json", {})
        else:
            options["data"] = dict(case.form)
        options["headers"] = {**dict(options.get("headers", {})), "X-CSRF-Token": token or ""}  # type: ignore[call-overload]
    return client.open(path, method=case.method, buffered=True, **options)  # type: ignore[arg-type]


def _assert_led_to_login(answer: TestResponse, case: Case) -> None:
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith("/login")
    else:
        assert answer.status_code == 401, f"{case.method} {case.rule} for nobody: {answer.status_code}"
        assert answer.headers["Content-Type"] == "application/problem+json"


def _rows_of_sky(registry: Registry) -> Sequence[object]:
    """All that is SkyLink's, but for who is logged in."""
    found: list[object] = []
    with registry.read(SERVICE) as tx:
        for table in tables.metadata.sorted_tables:
            if "isp" in table.c and table.name not in {"session", "api_token"}:
                query = select(table).where(table.c.isp == SKY.id).order_by(*table.primary_key.columns)
                found.extend(tuple(map(str, row)) for row in tx.connection.execute(query))
        query = select(tables.api_tokens.c.id, tables.api_tokens.c.revoked_at).order_by(tables.api_tokens.c.id)
        found.extend(map(tuple, tx.connection.execute(query)))
    return found


def _csrf(services: Services, client: FlaskClient) -> str:
    cookie = client.get_cookie("session")
    assert cookie is not None
    with services.registry.read(LOGIN) as tx:
        session = sessions.find_session(tx, cookie.value)
    assert session is not None
    return session.csrf


def _routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def _endpoint(app: Flask, case: Case) -> str:
    for rule in app.url_map.iter_rules():
        if rule.rule == case.rule and case.method in (rule.methods or set()):
            return str(rule.endpoint)
    pytest.fail(f"no route {case.method} {case.rule}")


def _access(app: Flask, endpoint: str) -> Access:
    found = declared(app.view_functions[endpoint])
    assert found is not None
    return found
