"""Names, interfaces, reasons and alerts that would like to be markup: on every page they are shown as what they are."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from inventory import outbox
from inventory.registry import audit, tables
from inventory.registry.audit import Actor
from inventory.registry.scope import SERVICE
from portal.services import Services
from tests.portal.conftest import LoginAs
from tests.portal.isolation_cases import CASES, filled
from tests.portal.serving import fire
from tests.portal.staff.acting import errors_of, saved, send
from tests.portal.world import SKY, World

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}\u202e=cmd|x"
TENANT, CIRCUIT = SKY.resellers[0], SKY.circuit(SKY.resellers[0])
# Every page there is (a route without a case fails in test_isolation.py), and some that repeat what they are asked.
PAGES = (
    *(
        case.address
        for case in CASES
        if case.method == "GET" and not case.rule.startswith(("/api/", "/charts/", "/grafana/"))
    ),
    *("/search?q=script", f"/search?q={EVIL}", f"/resellers?q={EVIL}", "/devices/new?driver=<script>"),
    *(
        "/alerts?state=all",
        f"/alerts?text={EVIL}",
        f"/users?q={EVIL}",
        f"/audit?search={EVIL}",
        f"/platform?next={EVIL}",
    ),
)


@pytest.fixture
def hostile(services: Services) -> None:
    """A registry full of it, in every text that somebody gives."""
    long = EVIL + "x" * (255 - len(EVIL))
    with services.registry.write(SERVICE) as tx:
        add = tx.connection.execute
        add(tables.tenants.update().where(tables.tenants.c.isp == SKY.id).values(name=long))
        add(tables.contacts.update().where(tables.contacts.c.isp == SKY.id).values(name=long))
        add(tables.circuits.update().where(tables.circuits.c.isp == SKY.id).values(name=long, attach_name=long))
        add(tables.links.update().where(tables.links.c.isp == SKY.id).values(name=long))
        add(tables.vlans.update().where(tables.vlans.c.vlan == 10, tables.vlans.c.isp == SKY.id).values(interface=long))
        add(tables.devices.update().where(tables.devices.c.isp == SKY.id).values(place=long))
        add(tables.maintenance.update().values(reason=long, approved_by=long))
        add(tables.isps.update().values(name=long))
        add(tables.users.update().values(name=long))
        add(tables.api_tokens.update().values(name=long))
        add(outbox.messages.update().values(subject=long, body=long))
        add(outbox.notices.update().values(alertname=EVIL, alert={"labels": {"circuit": EVIL}, "annotations": {}}))
        audit.record(tx, Actor(EVIL), "update", "tenant", EVIL, {"name": [EVIL, long]}, isp=SKY.id)
    fire(
        services.registry,
        tenant=TENANT,
        circuit=CIRCUIT,
        device=SKY.device,
        link=SKY.link,
        summary=EVIL * 80,
        name="Evil<b>",
    )
    with services.registry.write(SERVICE) as tx:
        tx.connection.execute(tables.alerts.update().values(note=EVIL, acknowledged_by=EVIL, acknowledged_at=1.0))


def client_for(path: str, login_as: LoginAs) -> FlaskClient:
    """Whoever may open it and sees most there: a tenant its own pages, else the platform's owner."""
    return login_as(TENANT if path.startswith("/my") else "engineer" if path == "/account" else "owner")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.usefixtures("hostile")
def test_no_page_takes_it_for_markup(login_as: LoginAs, services: Services, world: World, path: str) -> None:
    """No script, no picture, no broken attribute, no template; and an end to what turns the writing around."""
    client = client_for(path, login_as)
    with services.registry.write(SERVICE) as tx:
        tx.connection.execute(tables.sessions.update().values(agent=EVIL))
    answer = client.get(path if EVIL in path else filled(path, world), follow_redirects=True)
    assert answer.status_code == 200
    if answer.mimetype != "text/html":
        return
    markup = answer.get_data(as_text=True)
    assert "<script>alert" not in markup
    assert "<img src=x" not in markup
    assert "Evil<b>" not in markup
    assert "onerror=alert(1)>49" not in markup
    for tag in re.findall(r"<(?:a|input|option|td|th|svg|figure)\b[^>]*>", markup):
        assert "onerror=" not in re.sub(r'"[^"]*"', "", tag), tag


@pytest.mark.usefixtures("hostile")
def test_forms_carry_it_back_unchanged(login_as: LoginAs) -> None:
    """Saving a form nobody changed changes nothing, whatever is in it."""
    client = login_as("engineer")
    for path in (f"/links/{SKY.link}/edit", f"/circuits/{CIRCUIT}/edit"):
        errors = errors_of(send(client, path, {}))
        # A right-to-left override is no printable text: the inventory's parsers refuse it, and say so.
        assert errors
        assert all("U+202E" in text for text in errors.values())
    clean = EVIL.replace("\u202e", "")
    page = saved(client, f"/links/{SKY.link}/edit", {"name": clean, "vlans.0.interface": clean})
    assert clean in page
