"""Who may ask the API what: tokens, sessions, scopes, and what is another's."""

from __future__ import annotations

import time

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from inventory.registry.scope import SERVICE
from inventory.registry.tables import alerts, api_tokens, circuits, users
from portal.services import Services
from tests.portal.api.conftest import Program, ProgramOf
from tests.portal.conftest import LoginAs, csrf_of, on_both_databases
from tests.portal.world import DELTA, SKY, World

pytestmark = on_both_databases

OWN, OTHER = SKY.resellers


def test_a_token_sees_what_its_user_sees(program_of: ProgramOf) -> None:
    """`/me` says who that is."""
    me = program_of("support").body("/me")
    assert me["role"] == "support"
    assert me["isp"] == SKY.id
    assert me["via"] == "token"
    assert "alerts.acknowledge" in me["permissions"]
    assert "network.write" not in me["permissions"]


NO_TOKENS = ["Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer \u20ac", "bkh_x", "Bearer " + "x" * 5000]


def test_what_is_no_token(app: Flask) -> None:
    """401 as a problem, with a hint of what is wanted."""
    for header in NO_TOKENS:
        sent = {"Authorization": header.encode().decode("latin-1")}
        answer = app.test_client().get("/api/v1/me", headers=sent)
        _is_unauthorized(answer.status_code, answer.headers.get("WWW-Authenticate", ""), answer.content_type)


def test_nobody(nobody: FlaskClient) -> None:
    """The same without any."""
    answer = nobody.get("/api/v1/resellers")
    _is_unauthorized(answer.status_code, answer.headers.get("WWW-Authenticate", ""), answer.content_type)


def test_a_token_that_is_over(program_of: ProgramOf, services: Services, world: World) -> None:
    """Expired, revoked, or of a user who was disabled."""
    expired = program_of("admin", seconds=-1)
    revoked, disabled = program_of("engineer"), program_of("support")
    assert disabled.get("/me").status_code == 200
    with services.registry.write(SERVICE) as tx:
        mine = api_tokens.c.user_id == world.user("engineer").id
        tx.connection.execute(update(api_tokens).where(mine).values(revoked_at=time.time()))
        whose = users.c.id == world.user("support").id
        tx.connection.execute(update(users).where(whose).values(disabled_at=time.time()))
    for program in (expired, revoked, disabled):
        answer = program.get("/me")
        _is_unauthorized(answer.status_code, answer.headers.get("WWW-Authenticate", ""), answer.content_type)


def test_a_token_that_may_only_read(program_of: ProgramOf) -> None:
    """It reads, and does not write."""
    program = program_of("admin", scopes=("read",))
    assert program.get("/resellers").status_code == 200
    answer = program.write("DELETE", f"/resellers/{OWN}")
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"
    assert program.get(f"/resellers/{OWN}").status_code == 200


def test_a_session_carries_its_csrf_token(login_as: LoginAs) -> None:
    """A browser that is logged in reads as it is; another site cannot make it write."""
    browser = login_as("admin")
    read = browser.get(f"/api/v1/resellers/{OWN}")
    assert read.status_code == 200
    headers = {"If-Match": read.headers["ETag"]}
    assert browser.delete(f"/api/v1/resellers/{OWN}", headers=headers).status_code == 400
    headers["X-CSRF-Token"] = csrf_of(browser)
    assert browser.delete(f"/api/v1/resellers/{OWN}", headers=headers).status_code == 204


def test_a_tenant_reads_its_own(program_of: ProgramOf) -> None:
    """Lists hold its own things alone; nothing else is there for it, and it writes nothing."""
    program = program_of(OWN)
    assert [item["id"] for item in program.body("/resellers")["items"]] == [OWN]
    assert program.body("/clients")["items"] == []
    assert {item["tenant"] for item in program.body("/circuits")["items"]} == {OWN}
    assert {item["tenant"] for item in program.body("/alerts")["items"]} == {OWN}
    assert program.body(f"/resellers/{OWN}/usage")["tenant"] == OWN
    assert program.body(f"/resellers/{OWN}/alerts")["total"] == 1
    assert program.body(f"/circuits/{SKY.circuit(OWN)}/usage")["tenant"] == OWN
    assert program.write("DELETE", f"/resellers/{OWN}").status_code == 404
    for path in ("/links", "/devices", "/link-state", "/nttn/status", "/router/status", "/maintenance"):
        assert program.get(path).status_code == 404, path
    assert program.body(f"/circuits?tenant={OTHER}")["items"] == []
    assert program.body(f"/alerts?tenant={OTHER}")["items"] == []


def test_a_tenant_is_not_told_what_its_circuits_run_on(program_of: ProgramOf, services: Services, world: World) -> None:
    """No device, no place on it, no link and no note, in circuits and alerts; the staff read all of it."""
    circuit, number = SKY.circuit(OWN), world.alerts[SKY.id, OWN]
    secrets = {"device": SKY.device, "link": "secret-link", "interface": "ether7", "instance": "192.0.2.1"}
    said = {"summary": "Circuit on ether7 down", "description": f"See {SKY.device}", "runbook": "docs/secret.md"}
    with services.registry.write(SERVICE) as tx:
        labels = {"alertname": "CircuitDown", "isp": SKY.id, "tenant": OWN, "circuit": circuit, **secrets}
        told = {"labels": labels, "annotations": said, "note": "a secret note", "acknowledged_at": 1.0}
        tx.connection.execute(update(alerts).where(alerts.c.id == number).values(told))
    tenant, staff = program_of(OWN), program_of("support")
    paths = ("/circuits", f"/circuits/{circuit}", f"/resellers/{OWN}/circuits", f"/resellers/{OWN}/usage")
    for path in (*paths, "/alerts", f"/alerts/{number}", f"/resellers/{OWN}/alerts"):
        text = tenant.get(path).get_data(as_text=True)
        for word in (SKY.device, "device", "attach", "queue", "faces", "secret", "ether7", "192.0.2.1"):
            assert word not in text, f"{word} at {path}"
    assert tenant.body(f"/alerts/{number}")["summary"] == f"Line {circuit} is down"
    assert staff.body(f"/circuits/{circuit}")["device"] == SKY.device
    assert staff.body(f"/alerts/{number}")["labels"] == labels


def test_a_tenant_finds_nothing_by_what_it_is_not_shown(
    program_of: ProgramOf, services: Services, world: World
) -> None:
    """A filter that hits says as much as the field: neither searching nor sorting tells of device, queue or note."""
    number = world.alerts[SKY.id, OWN]
    with services.registry.write(SERVICE) as tx:
        labels = {"alertname": "CircuitDown", "tenant": OWN, "device": SKY.device, "link": SKY.link, "vlan": "4077"}
        said = {"summary": "on ether7", "description": "in rack 12"}
        mine = update(alerts).where(alerts.c.id == number)
        about = {"device": SKY.device, "link": SKY.link}
        tx.connection.execute(mine.values(labels=labels, annotations=said, note="does not pay", **about))
        tx.connection.execute(
            update(circuits).where(circuits.c.circuit == SKY.circuit(OWN)).values(attach_name="the-queue")
        )
    tenant, staff = program_of(OWN), program_of("support")
    hidden = ("search=pay", "search=4077", "search=rack", "search=ether7", f"device={SKY.device}", f"link={SKY.link}")
    for path in (
        "/circuits?search=the-queue",
        f"/circuits?device={SKY.device}",
        *(f"/alerts?{query}" for query in hidden),
        *(f"/resellers/{OWN}/alerts?{query}" for query in hidden),
    ):
        assert tenant.body(path)["total"] == 0, path
        assert staff.body(path)["total"] >= 1, path
    assert tenant.body("/alerts?search=circuitdown")["total"] == 1


def test_a_version_is_not_for_a_tenant(program_of: ProgramOf) -> None:
    """Nor that something it is not shown was changed: its tag is that of what it reads."""
    path = f"/circuits/{SKY.circuit(OWN)}"
    tenant, staff = program_of(OWN), program_of("engineer")
    before, known = tenant.get(path).headers["ETag"], staff.get(path).headers["ETag"]
    assert staff.write("PATCH", path, {"attach": {"queue": "another"}}).status_code == 200
    assert tenant.get(path).headers["ETag"] == before
    assert staff.get(path).headers["ETag"] != known


def _others(isp_tenant: str, circuit: str, alert: int) -> list[str]:
    return [
        f"/resellers/{isp_tenant}",
        f"/resellers/{isp_tenant}/circuits",
        f"/resellers/{isp_tenant}/usage",
        f"/resellers/{isp_tenant}/alerts",
        f"/circuits/{circuit}",
        f"/circuits/{circuit}/usage",
        f"/alerts/{alert}",
    ]


def test_what_is_another_tenants_is_not_there(program_of: ProgramOf, world: World) -> None:
    """404 to the letter the same as for what does not exist."""
    program = program_of(OWN)
    nothing = _of(program, "/resellers/nobody")
    for path in _others(OTHER, SKY.circuit(OTHER), world.alerts[SKY.id, OTHER]):
        assert _of(program, path) == nothing, path


def test_what_is_another_isps_is_not_there(program_of: ProgramOf, world: World) -> None:
    """For its admin neither, reading or writing."""
    program = program_of("admin")
    nothing = _of(program, "/resellers/nobody")
    tenant = DELTA.resellers[0]
    network = [f"/links/{DELTA.link}", f"/devices/{DELTA.device}", f"/maintenance/{DELTA.maintenance}"]
    for path in (*_others(tenant, DELTA.circuit(tenant), world.alerts[DELTA.id, tenant]), *network):
        assert _of(program, path) == nothing, path
    for path in (f"/resellers/{tenant}", f"/circuits/{DELTA.circuit(tenant)}", *network):
        for method in ("PUT", "PATCH", "DELETE"):
            answer = program.ask(method, path, json={"id": "x"}, headers={"If-Match": "*"})
            assert answer.status_code == 404, (method, path)
    alert = world.alerts[DELTA.id, tenant]
    assert program.ask("POST", f"/alerts/{alert}/acknowledge", json={}).status_code == 404
    body = {"id": "x", "name": "x", "device": DELTA.device, "attach": {"queue": "x"}, "committed_mbps": 1}
    answer = program.ask("POST", f"/resellers/{OWN}/circuits", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["device"]


def test_a_role_that_may_not(program_of: ProgramOf) -> None:
    """What a role may not do is not there for it."""
    finance = program_of("finance")
    assert finance.write("DELETE", f"/resellers/{OWN}").status_code == 404
    assert finance.ask("POST", "/links", json={}).status_code == 404
    assert finance.get("/router/status").status_code == 200


def _of(program: Program, path: str) -> tuple[int, str]:
    answer = program.get(path)
    return answer.status_code, answer.get_data(as_text=True)


def _is_unauthorized(status: int, challenge: str, content_type: str | None) -> None:
    assert status == 401
    assert challenge.startswith("Bearer")
    assert content_type == "application/problem+json"
