"""Names, interfaces, reasons and alerts that would like to be markup: on every page they are shown as what they are."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from inventory.registry import tables
from inventory.registry.scope import SERVICE
from portal.services import Services
from tests.portal.conftest import LoginAs
from tests.portal.serving import fire
from tests.portal.staff.acting import errors_of, saved, send
from tests.portal.world import SKY

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}\u202e=cmd|x"
TENANT, CIRCUIT = SKY.resellers[0], SKY.circuit(SKY.resellers[0])
PAGES = (
    *("/overview", "/resellers", "/clients", "/links", "/devices", "/search?q=script", f"/search?q={EVIL}"),
    *(f"/tenants/{TENANT}", f"/tenants/{TENANT}/edit", f"/tenants/{TENANT}/circuits/new", f"/circuits/{CIRCUIT}"),
    *(f"/circuits/{CIRCUIT}/edit", f"/links/{SKY.link}", f"/links/{SKY.link}/edit", f"/devices/{SKY.device}"),
    *(f"/devices/{SKY.device}/edit", f"/resellers?q={EVIL}", "/links/new", "/devices/new?driver=<script>"),
)


@pytest.fixture
def client(login_as: LoginAs, services: Services) -> FlaskClient:
    """An engineer's browser before a registry full of it."""
    long = EVIL + "x" * (255 - len(EVIL))
    with services.registry.write(SERVICE) as tx:
        add = tx.connection.execute
        add(tables.tenants.update().where(tables.tenants.c.isp == SKY.id).values(name=long))
        add(tables.contacts.update().where(tables.contacts.c.isp == SKY.id).values(name=long))
        add(tables.circuits.update().where(tables.circuits.c.isp == SKY.id).values(name=long, attach_name=long))
        add(tables.links.update().where(tables.links.c.isp == SKY.id).values(name=long))
        add(tables.vlans.update().where(tables.vlans.c.vlan == 10, tables.vlans.c.isp == SKY.id).values(interface=long))
        add(tables.devices.update().where(tables.devices.c.isp == SKY.id).values(place=long))
        add(tables.maintenance.update().where(tables.maintenance.c.isp == SKY.id).values(reason=long))
    fire(
        services.registry,
        tenant=TENANT,
        circuit=CIRCUIT,
        device=SKY.device,
        link=SKY.link,
        summary=EVIL * 80,
        name="Evil<b>",
    )
    return login_as("engineer")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_takes_it_for_markup(client: FlaskClient, path: str) -> None:
    """No script, no picture, no broken attribute, no template; and an end to what turns the writing around."""
    answer = client.get(path)
    assert answer.status_code == 200
    markup = answer.get_data(as_text=True)
    assert "<script>alert" not in markup
    assert "<img src=x" not in markup
    assert "Evil<b>" not in markup
    assert "onerror=alert(1)>49" not in markup
    for tag in re.findall(r"<(?:a|input|option|td|th|svg|figure)\b[^>]*>", markup):
        assert "onerror=" not in re.sub(r'"[^"]*"', "", tag), tag


def test_forms_carry_it_back_unchanged(client: FlaskClient) -> None:
    """Saving a form nobody changed changes nothing, whatever is in it."""
    for path in (f"/links/{SKY.link}/edit", f"/circuits/{CIRCUIT}/edit"):
        errors = errors_of(send(client, path, {}))
        # A right-to-left override is no printable text: the inventory's parsers refuse it, and say so.
        assert errors
        assert all("U+202E" in text for text in errors.values())
    clean = EVIL.replace("\u202e", "")
    page = saved(client, f"/links/{SKY.link}/edit", {"name": clean, "vlans.0.interface": clean})
    assert clean in page
