"""The first page, before a real Prometheus: what is counted, what is named, and what is said when nothing is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from inventory.registry import tables
from inventory.registry.scope import SERVICE
from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from portal.staff import overview
from portal.states import Overview
from tests.portal.conftest import LoginAs, logged_in_client
from tests.portal.staff.acting import text_of
from tests.portal.staff.test_constant import crowd
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import MBPS, SKY, World


def test_counts_and_names(app_with_figures: Flask, services_with_figures: Services, world: World) -> None:
    """Circuits down by name, resellers by level, links against their threshold, routers by their last poll."""
    down = {"circuit": "sky-down", "isp": SKY.id, "tenant": SKY.client}
    with services_with_figures.registry.write(SERVICE) as tx:
        circuit = {**down, "position": 1, "name": "Fallen line", "device": SKY.device, "attach_kind": "queue"}
        circuit |= {"attach_name": "x", "faces": "customer", "ping_from": "server"}
        tx.connection.execute(tables.circuits.insert().values(circuit))
        plan = {**down, "download_bps": MBPS, "upload_bps": MBPS, "valid_from": 0.0, "set_by": "test"}
        tx.connection.execute(tables.plans.insert().values(plan))
    client = logged_in_client(app_with_figures, services_with_figures, world.user("engineer"), SKY.id)
    page = text_of(client, "/overview")
    assert "2 circuits down" in page  # and a session without a ping, which is in no registry
    assert "1 circuits in maintenance" in page
    assert "4 open alerts" in page
    assert "0 routers down, 1 up" in page
    assert "▼ Down Fallen line sky-c1 · sky-core" in page
    assert "● 2 ok" in page
    assert "CircuitDown sky-r1 Company sky-r1" in page
    assert "950 Mbps" in page
    markup = client.get("/overview").get_data(as_text=True)
    assert 'more: <a href="/alerts?alertname=CircuitDown&amp;state=open">' in markup
    assert "sky-core ▲ Up" in page
    assert "del-" not in page
    assert "Nothing is measured" not in page


@pytest.fixture
def figures() -> Iterator[StandIn]:
    with stand_in() as found:
        yield found


@pytest.fixture
def measured(services: Services, world: World, figures: StandIn) -> FlaskClient:
    """The browser of an engineer, with measurements behind it."""
    with_figures = replace(services, prometheus=Prometheus(figures.url))
    return logged_in_client(create_app(with_figures), with_figures, world.user("engineer"), SKY.id)


def test_what_is_down_or_full_is_seen_among_hundreds(
    measured: FlaskClient, services: Services, figures: StandIn
) -> None:
    """The router that fell and the fullest links stand first, wherever they are in the file; the tile leads there."""
    crowd(services.registry, 120)
    own = {"isp": SKY.id}
    for n in range(120):
        figures.put("device:state:code", int(n != 117), **own, device=f"crowd-{n}")
        link = own | {"link": f"crowd-{n}"}
        figures.put("link:state:code", int(n != 118), **link)
        figures.put("link:bandwidth_bits_per_second:rate5m", (99 if n == 119 else 10) * 10_000, **link)
        figures.put("isp_link_threshold_bits_per_second", MBPS, **link)
    figures.put("isp_device_up", 0, **own, device="crowd-117")
    figures.put("isp_vlan_up", 0, **own, link="crowd-118", vlan="1", device=SKY.device)
    figures.put("isp_link_vlans", 1, **own, link="crowd-118")
    markup = measured.get("/overview").get_data(as_text=True)
    links = re.findall(r'<a href="/links/(crowd-\d+)">', markup)
    assert links[:2] == ["crowd-118", "crowd-119"]
    routers = re.findall(r'<a href="/devices/(crowd-\d+)">', markup)
    assert routers[0] == "crowd-117"
    assert "crowd-117 ▼ Down" in text_of(measured, "/overview")
    assert 'href="/devices?state=down"' in markup
    for path, found in (("/devices?state=down", "crowd-117"), ("/links?state=down", "crowd-118")):
        page = text_of(measured, path)
        assert "1 found" in page, path
        assert f"{found} ▼ Down" in page, path
    assert "Routers 119 found" in text_of(measured, "/devices?state=up")
    assert "Routers 1 found" in text_of(measured, "/devices?state=unknown"), "nothing is known of sky-core"
    assert "1 found" in text_of(measured, "/devices?state=up&q=crowd-100")


def test_a_reseller_that_is_not_wholly_measured_is_not_green(measured: FlaskClient, figures: StandIn) -> None:
    """Among the fullest it is "at least" that."""
    for tenant, used, complete in zip(SKY.resellers, (0.6, 0.4), (0, 1), strict=True):
        figures.put("reseller:busiest:ratio", used, isp=SKY.id, tenant=tenant)
        figures.tenant(SKY.id, tenant, used=used, measured=complete)
    page = text_of(measured, "/overview")
    assert f"Company {SKY.resellers[0]} ? at least 60 % — Company {SKY.resellers[1]} ● 40 % ok" in page


def test_nothing_known_is_not_zero(login_as: LoginAs) -> None:
    """With Prometheus away there are the registry's own things, and dashes for the rest."""
    page = text_of(login_as("engineer"), "/overview")
    assert "Measurements are not available right now" in page
    assert "— circuits down" in page
    assert "Not known right now" in page
    assert "NTTN sky ? Unknown" in page
    assert "4 open alerts" in page


@pytest.mark.parametrize("states", [{}, {"up": 0, "down": 0, "unknown": 3}])
def test_says_what_to_do_while_nothing_is_measured(
    login_as: LoginAs, monkeypatch: pytest.MonkeyPatch, states: dict[str, int]
) -> None:
    """Without its exporter Prometheus answers and knows nothing."""
    monkeypatch.setattr(overview, "overview_counts", lambda *_: Overview(states, {}, {}, states))
    assert "see whether the exporter runs" in text_of(login_as("engineer"), "/overview")


@pytest.mark.parametrize(
    "path", ["/overview", "/resellers", "/links", "/devices", f"/devices/{SKY.device}", "/search?q=a"]
)
def test_without_the_registry_pages_say_so(login_as: LoginAs, services: Services, path: str) -> None:
    """503 with a sentence, and nothing of what is inside."""
    client = login_as("engineer")
    with services.registry.write(SERVICE) as tx:
        for table in (tables.vlans, tables.links, tables.tenants, tables.devices):
            tx.connection.exec_driver_sql(f'ALTER TABLE "{table.name}" RENAME TO "{table.name}_gone"')
    answer = client.get(path)
    assert answer.status_code == 503
    text = answer.get_data(as_text=True)
    assert "registry does not answer" in text
    assert OperationalError.__name__ not in text
    assert "no such table" not in text


def test_who_may_not_see_alerts_sees_none(login_as: LoginAs) -> None:
    """Tenants have no overview at all."""
    text_of(login_as("sky-r1"), "/overview", 404)
