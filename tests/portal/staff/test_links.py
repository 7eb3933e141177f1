"""Upstream links and their VLANs: shown against the threshold, made and changed through the pages' own forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml
from flask.testing import FlaskClient

from portal.app import create_app
from portal.prometheus import Prometheus
from portal.services import Services
from tests.portal.conftest import LoginAs, logged_in_client, on_both_databases
from tests.portal.staff.acting import errors_of, exported, fields_of, read, saved, send, text_of
from tests.portal.stand_in import StandIn, stand_in
from tests.portal.world import MBPS, SKY, World

LINK = {"isp": SKY.id, "link": SKY.link}
NEW = {
    "id": "khulna",
    "name": "NTTN Khulna",
    "threshold_mbps": "380",
    "measure": "sum",
    "vlans.0.vlan": "30",
    "vlans.0.device": SKY.device,
    "vlans.0.interface": "vlan30",
    "vlans.0.capacity_mbps": "200",
    "vlans.2.vlan": "40",
    "vlans.2.device": SKY.device,
    "vlans.2.interface": "vlan40 (Khulna)",
    "vlans.2.capacity_mbps": "200",
}


@pytest.fixture
def figures() -> Iterator[StandIn]:
    with stand_in() as found:
        found.put("isp_link_vlans", 2, **LINK)
        found.put("isp_link_threshold_bits_per_second", 950 * MBPS, **LINK)
        found.put("link:bandwidth_bits_per_second:rate5m", 900 * MBPS, **LINK)
        found.put("link:vlans_reporting:count", 2, **LINK)
        found.put("link:vlans_measured:count", 2, **LINK)
        yield found


@pytest.fixture
def measured(services: Services, world: World, figures: StandIn) -> FlaskClient:
    with_figures = replace(services, prometheus=Prometheus(figures.url))
    return logged_in_client(create_app(with_figures), with_figures, world.user("engineer"), SKY.id)


@on_both_databases
def test_a_link_is_made_with_its_vlans(login_as: LoginAs, services: Services) -> None:
    """A row left empty between two is none; the export has what the file would have."""
    page = saved(login_as("engineer"), "/links/new", NEW)
    assert "400 Mbps bought, 2 VLANs" in page
    [link] = [each for each in yaml.safe_load(exported(services))["links"] if each["id"] == "khulna"]
    assert link["threshold_mbps"] == 380
    assert link["measure"] == "sum"
    assert [(vlan["vlan"], vlan["interface"]) for vlan in link["vlans"]] == [(30, "vlan30"), (40, "vlan40 (Khulna)")]


@on_both_databases
def test_vlans_are_added_changed_and_taken_away(login_as: LoginAs) -> None:
    """All in the link's form."""
    client, path = login_as("engineer"), f"/links/{SKY.link}/edit"
    fields = fields_of(client.get(path).get_data(as_text=True))
    assert fields["vlans.1.interface"] == "vlan20"
    less = fields_of(client.post(path, data={**fields, "_remove": "vlans.0"}).get_data(as_text=True))
    assert less["vlans.0.vlan"] == "20"
    changed = {**less, "vlans.0.capacity_mbps": "350"}
    assert client.post(path, data=changed).status_code == 303
    page = text_of(client, f"/links/{SKY.link}")
    assert "350 Mbps bought, 1 VLAN" in page
    assert "VLAN 10" not in page


def test_what_is_wrong_with_a_row_is_said_in_it(login_as: LoginAs, services: Services) -> None:
    """A number out of range, a device of nobody, the same VLAN twice, and no VLAN at all."""
    client, before = login_as("engineer"), exported(services)
    wrong = {**NEW, "vlans.0.vlan": "4095", "vlans.2.device": "del-core", "vlans.2.capacity_mbps": "0"}
    errors = errors_of(send(client, "/links/new", wrong))
    assert set(errors) == {"vlans-0-vlan", "vlans-1-device", "vlans-1-capacity_mbps"}
    twice = {**NEW, "vlans.2.vlan": "30"}
    assert "twice in one link" in errors_of(send(client, "/links/new", twice))["vlans-1-vlan"]
    none = {name: value for name, value in NEW.items() if not name.startswith("vlans")}
    assert set(errors_of(send(client, "/links/new", none))) == {"vlans-0-vlan"}
    assert exported(services) == before


def test_the_sum_against_the_threshold(measured: FlaskClient, figures: StandIn) -> None:
    """`At least`, while a VLAN is missing; the bar is as long as the share, and says it."""
    page = text_of(measured, "/links")
    assert "900 Mbps 950 Mbps 2" in page
    assert "at least" not in page
    figures.put("link:vlans_reporting:count", 1, **LINK)
    figures.put("link:vlans_measured:count", 1, **LINK)
    missing = text_of(measured_again(measured), "/links")
    assert "at least 900 Mbps" in missing
    assert "1 of 2" in missing
    (nttn,) = measured.get("/api/v1/nttn/status").get_json()["items"]
    assert (nttn["level"], nttn["bandwidth_mbps"], nttn["headroom_mbps"]) == ("yellow", 900, None)
    (state,) = measured.get("/api/v1/link-state").get_json()["items"]
    assert (state["complete"], state["over_threshold"]) == (False, None)
    figures.put("link:bandwidth_bits_per_second:rate5m", 950 * MBPS, **LINK)
    (state,) = measured_again(measured).get("/api/v1/link-state").get_json()["items"]
    assert state["over_threshold"] is True, "as the alert, which fires at the threshold"
    figures.put("link:bandwidth_bits_per_second:rate5m", 900 * MBPS, **LINK)
    markup = measured_again(measured).get(f"/links/{SKY.link}").get_data(as_text=True)
    assert 'aria-label="94 % of the threshold"' in markup or 'aria-label="95 % of the threshold"' in markup
    assert re.findall(r'data-chart="([^"]+)"', markup) == ["link-traffic", "link-receive", "link-transmit"]


def measured_again(client: FlaskClient) -> FlaskClient:
    """The same browser before a portal that has not asked yet: answers are shared for some seconds."""
    services: Services = client.application.extensions["backhaul"]
    client.application.extensions["backhaul"] = replace(services, prometheus=Prometheus(_url(services)))
    return client


def _url(services: Services) -> str:
    return services.prometheus._url


def test_a_conflict_names_the_rows(login_as: LoginAs) -> None:
    """Two who change the VLANs of one link."""
    first, second = login_as("engineer"), login_as("admin")
    path = f"/links/{SKY.link}/edit"
    mine = fields_of(first.get(path).get_data(as_text=True))
    saved(second, path, {"vlans.0.capacity_mbps": "500"})
    page = read(first.post(path, data={**mine, "vlans.0.interface": "ether1"}))
    assert "vlans.0.capacity_mbps 500 200" in page
    assert "vlans.0.interface vlan10 ether1" in page


def test_only_engineers_change_the_network(login_as: LoginAs) -> None:
    """Sales sees the link and neither its form nor the way to delete it."""
    client = login_as("sales")
    page = client.get(f"/links/{SKY.link}").get_data(as_text=True)
    assert "/edit" not in page
    assert "/delete" not in page
    for path in ("/links/new", f"/links/{SKY.link}/edit", "/devices/new", f"/devices/{SKY.device}/edit"):
        text_of(client, path, 404)
