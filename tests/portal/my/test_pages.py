"""A tenant's pages, over HTTP: what stands on them, and what never does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from inventory.registry import tables
from inventory.registry.scope import SERVICE
from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from tests.portal.conftest import LoginAs, logged_in_client, on_both_databases
from tests.portal.serving import end, fire
from tests.portal.staff.acting import text_of
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import DELTA, SKY, World

MY_PAGES = ("/my", "/my/circuits/sky-r1-main", "/my/alerts", "/my/alerts?state=all", "/my/contacts")
HOSTILE = "<script>alert(1)</script>\"'><b>\u202eevil\u2028" + "x" * 200


@pytest.fixture
def figures() -> Iterator[StandIn]:
    with stand_in() as found:
        yield found


@pytest.fixture
def tenant(services: Services, world: World, figures: StandIn) -> FlaskClient:
    """The browser of the first reseller, with measurements behind it."""
    measured = replace(services, prometheus=Prometheus(figures.url))
    return logged_in_client(create_app(measured), measured, world.user("sky-r1"), SKY.id)


def more_circuits(services: Services, tenant: str, count: int) -> None:
    """So many more of 200 / 100 Mbps, after those the tenant has."""
    own = {"isp": SKY.id, "tenant": tenant}
    line = own | {"device": SKY.device, "attach_kind": "queue", "faces": "customer", "ping_from": "server"}
    with services.registry.write(SERVICE) as tx:
        for n in range(count):
            name = {"circuit": f"{tenant}-{n}", "name": f"Another line {n}", "attach_name": f"q{n}", "position": 9 + n}
            tx.connection.execute(tables.circuits.insert().values(line | name))
            plan = {"download_bps": 200e6, "upload_bps": 100e6, "valid_from": 0.0, "set_by": "test"}
            tx.connection.execute(tables.plans.insert().values(own | plan | {"circuit": f"{tenant}-{n}"}))


@on_both_databases
def test_a_circuit_is_shown_against_its_plan(tenant: FlaskClient, figures: StandIn) -> None:
    """State, traffic of both directions, ping, loss, announced work; and the sum of all of them."""
    main = {"up": 1, "download": 172e6, "upload": 31e6, "used": 0.86, "rtt": 0.0123, "loss": 0.002}
    figures.circuit("skylink", "sky-r1", "sky-r1-main", **main)
    figures.circuit("skylink", "sky-r1", "sky-r1-backup", up=0, download=0, upload=0, used=0)
    figures.tenant("skylink", "sky-r1", download=172e6, upload=31e6, used=0.43, measured=1)
    page = text_of(tenant, "/my")
    assert "172 Mbps of 200 Mbps · 86 %" in page
    assert "31 Mbps of 100 Mbps · 31 %" in page
    assert "12.3 ms" in page
    assert "0.2 %" in page
    assert "Maintenance announced" in page
    assert "All 2 circuits together" in page
    assert "172 Mbps of 400 Mbps · 43 %" in page
    assert page.index("Line sky-r1-backup") < page.index("Line sky-r1-main"), "what is down stands first"


def test_what_is_not_measured_is_not_zero(tenant: FlaskClient, figures: StandIn) -> None:
    """A circuit without figures is unknown, and the sum says that it is not all."""
    figures.circuit("skylink", "sky-r1", "sky-r1-main", up=1, download=50e6, upload=1e6)
    figures.tenant("skylink", "sky-r1", download=50e6, upload=1e6, used=0.125, measured=0)
    page = text_of(tenant, "/my")
    assert "— of 200 Mbps" in page
    assert "? Unknown" in page
    assert "at least that much" in page
    assert "0 bps" not in page


def test_more_circuits_than_a_page_are_all_added_up(tenant: FlaskClient, services: Services, figures: StandIn) -> None:
    """The sums are those of the rules, whatever is on the page; so are the states, where there are several pages."""
    more_circuits(services, "sky-r1", 43)
    figures.tenant("skylink", "sky-r1", download=4e9, upload=1e9, used=0.44, measured=1)
    for code, count in (("1", 42), ("0", 3)):  # as PromQL's count_values answers
        figures.put("circuit:state:code", count, isp="skylink", tenant="sky-r1", state=code)
    page = text_of(tenant, "/my")
    assert "All 45 circuits together 42 ▲ Up 3 ▼ Down" in page
    assert "4 Gbps of 9 Gbps · 44 %" in page
    assert "1 Gbps of 4.5 Gbps · 22 %" in page
    assert "30 of 45" in page
    assert "45 of 45" in text_of(tenant, "/my?page=2")


def test_an_alert_is_named_by_its_circuit_on_whatever_page_that_is(tenant: FlaskClient, services: Services) -> None:
    """Not by its id."""
    more_circuits(services, "sky-r1", 40)
    fire(services.registry, tenant="sky-r1", circuit="sky-r1-39")
    for path in ("/my", "/my/alerts"):
        assert "Another line 39 is down" in text_of(tenant, path), path


def test_another_tenants_figures_are_not_asked_for(tenant: FlaskClient, figures: StandIn) -> None:
    """A series that carries this circuit's id and another tenant's name is not this tenant's."""
    figures.circuit("skylink", "sky-r2", "sky-r1-main", up=1, download=77e6, upload=1e6)
    figures.circuit("deltanet", "sky-r1", "sky-r1-main", up=1, download=78e6, upload=1e6)
    page = text_of(tenant, "/my")
    assert "77 Mbps" not in page
    assert "78 Mbps" not in page


def test_without_prometheus_the_page_says_so(tenant: FlaskClient, figures: StandIn) -> None:
    """The plan and the announced work are still there."""
    figures.away = True
    page = text_of(tenant, "/my")
    assert "Measurements are not available right now" in page
    assert "Line sky-r1-main" in page
    assert "? Unknown" in page


def test_one_circuit_with_its_promises(tenant: FlaskClient, figures: StandIn) -> None:
    """The plan, what was promised, the charts' places, its own alerts and its maintenance."""
    figures.circuit("skylink", "sky-r1", "sky-r1-main", up=1, download=172e6, upload=31e6)
    page = text_of(tenant, "/my/circuits/sky-r1-main")
    assert "200 Mbps down, 100 Mbps up" in page
    assert "at least 99.5 % a month" in page
    assert "at most 50 ms" in page
    assert "at most 1 %" in page
    assert "splice at sky" in page
    markup = tenant.get("/my/circuits/sky-r1-main?range=7d").get_data(as_text=True)
    assert re.findall(r'data-chart="([^"]+)"', markup) == ["circuit-traffic", "circuit-ping", "circuit-loss"]
    assert '"range": "7d"' in unescape(markup)
    assert "<iframe" not in markup


def test_panels_are_embedded_where_there_is_grafana(services: Services, world: World) -> None:
    """By our own origin, and for this circuit."""
    settings = replace(services.settings, grafana_url="http://127.0.0.1:3000")
    with_grafana = replace(services, settings=settings)
    client = logged_in_client(create_app(with_grafana), with_grafana, world.user("sky-r1"), SKY.id)
    markup = client.get("/my/circuits/sky-r1-main").get_data(as_text=True)
    sources = [urlsplit(unescape(source)) for source in re.findall(r'data-panel="([^"]+)"', markup)]
    assert [source.path for source in sources] == ["/grafana/d-solo/tenant-circuit/tenant-circuit"] * 3
    asked = [dict(parse_qsl(source.query)) for source in sources]
    assert [one["panelId"] for one in asked] == ["1", "2", "3"]
    assert {(one["var-circuit"], one["orgId"], one["timezone"]) for one in asked} == {
        ("sky-r1-main", "1", "Asia/Dhaka")
    }
    templates = re.findall(r"<template>.*?</template>", markup, re.DOTALL)
    kept = re.findall(r'data-chart="([^"]+)"', "".join(templates))
    assert kept == ["circuit-traffic", "circuit-ping", "circuit-loss"], "the portal's own charts lie ready"
    assert markup.count("data-chart=") == 3
    markup = client.get("/my").get_data(as_text=True)
    (source,) = re.findall(r'data-panel="([^"]+)"', markup)
    assert source.startswith("/grafana/d-solo/tenant-circuits/")


def test_the_first_page_draws_all_circuits_together(login_as: LoginAs) -> None:
    """For who has several; one alone is drawn on its own page."""
    markup = login_as("sky-r1").get("/my").get_data(as_text=True)
    assert re.findall(r'data-chart="([^"]+)"', markup) == ["tenant-traffic"]
    assert "data-chart" not in login_as("sky-r2").get("/my").get_data(as_text=True)


def test_a_tenant_is_led_to_no_whole_dashboard(services: Services, world: World) -> None:
    """Those are for the staff; a tenant sees panels in the portal's pages."""
    with_grafana = replace(services, settings=replace(services.settings, grafana_url="http://127.0.0.1:3000"))
    client = logged_in_client(create_app(with_grafana), with_grafana, world.user("sky-r1"), SKY.id)
    for path in MY_PAGES:
        assert "/grafana/d/" not in client.get(path).get_data(as_text=True)


@on_both_databases
def test_nothing_of_the_network_or_of_others_is_on_a_page(services: Services, login_as: LoginAs) -> None:
    """No device, no link, no interface, no other tenant, no other isp: on any page, whatever an alert's labels say."""
    fire(services.registry, tenant="sky-r1", circuit="sky-r1-main", device=SKY.device, interface="ether7-uplink")
    fire(services.registry, tenant="sky-r1", name="RouterLimitDrift", circuit="sky-r1-main", device=SKY.device)
    fire(services.registry, tenant="sky-r2", circuit="sky-r2-main")
    client = login_as("sky-r1")
    for path in MY_PAGES:
        markup = client.get(path).get_data(as_text=True)
        for foreign in (SKY.device, SKY.link, "ether7", "sky-r2", "sky-c1", "del-", "deltanet", "192.0.2.1", "noc of"):
            assert foreign not in markup, f"{foreign} on {path}"


@on_both_databases
def test_anothers_circuit_does_not_exist(login_as: LoginAs) -> None:
    """Whoever's it is."""
    client = login_as("sky-r1")
    for circuit in ("sky-r2-main", "del-r1-main", "no-such", "-", "sky-r1-main' OR 1=1"):
        assert client.get(f"/my/circuits/{circuit}").status_code == 404, circuit


def test_staff_have_no_such_pages(login_as: LoginAs) -> None:
    """These are a tenant's."""
    for path in MY_PAGES:
        assert login_as("admin").get(path).status_code == 404


@on_both_databases
def test_alerts_in_words(services: Services, login_as: LoginAs) -> None:
    """What fires now, and on the other tab what there was."""
    client = login_as("sky-r1")
    down = fire(services.registry, tenant="sky-r1", circuit="sky-r1-main")
    fire(services.registry, tenant="sky-r1", name="ResellerUsageRed")
    page = text_of(client, "/my/alerts")
    assert "Line sky-r1-main is down since" in page
    assert "Your circuits together use all of your bandwidth" in page
    end(services.registry, down)
    assert "Line sky-r1-main" not in text_of(client, "/my/alerts")
    assert "Line sky-r1-main was down" in text_of(client, "/my/alerts?state=all")


@on_both_databases
def test_hostile_names_are_shown_as_they_are(services: Services, login_as: LoginAs) -> None:
    """Script, quotes, right-to-left and line separators, in every text another may write: as text, isolated."""
    name = HOSTILE[:255]
    with services.registry.write(SERVICE) as tx:
        for table, key, value in (
            (tables.circuits, tables.circuits.c.circuit, "sky-r1-main"),
            (tables.isps, tables.isps.c.isp, SKY.id),
            (tables.contacts, tables.contacts.c.tenant, "sky-r1"),
        ):
            tx.connection.execute(table.update().where(key == value).values(name=name))
        tx.connection.execute(tables.maintenance.update().values(reason=name))
    fire(services.registry, tenant="sky-r1", name="Custom", circuit="sky-r1-main", summary="<img src=x>" * 900)
    client = login_as("sky-r1")
    for path in MY_PAGES:
        markup = client.get(path).get_data(as_text=True)
        assert "<script>alert" not in markup, path
        assert "<img src=x" not in markup, path
    assert "&lt;script&gt;alert(1)" in client.get("/my").get_data(as_text=True)


def test_the_other_isps_tenant_sees_its_own(login_as: LoginAs) -> None:
    """The same pages, another isp."""
    page = text_of(login_as("del-r1", DELTA), "/my")
    assert "Line del-r1-main" in page
    assert "sky" not in page
