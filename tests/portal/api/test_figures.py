"""What the API says of now and of the past, on a real Prometheus with the shipped rules."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.portal.conftest import LoginAs, logged_in_client
from tests.portal.prometheus import USED
from tests.portal.world import SKY, World

OWN = SKY.resellers[0]


@pytest.fixture
def browser(app_with_figures: Flask, services_with_figures: Any, world: World) -> FlaskClient:
    return logged_in_client(app_with_figures, services_with_figures, world.user("support"), SKY.id)


def _body(client: FlaskClient, path: str) -> Any:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def test_usage_now_and_then(browser: FlaskClient) -> None:
    """A reseller's circuits, added up, against what it bought; and the hour before."""
    start = int(time.time()) - 3600
    found = _body(browser, f"/resellers/{OWN}/usage?start={start}&step=300")
    assert found["away"] is None
    now = found["now"]
    assert now["committed_download_mbps"] == 400
    assert now["committed_upload_mbps"] == 200
    assert {(one["circuit"], one["in_service"]) for one in found["circuits"]} == {
        (f"{OWN}-main", True),
        (f"{OWN}-backup", True),
    }
    assert now["complete"] is True
    assert now["utilization_ratio"] == pytest.approx(USED, rel=0.1)
    assert now["level"] == "green"
    history = found["history"]
    assert history["step_seconds"] == 300
    assert 10 <= len(history["points"]) <= 13
    assert history["points"][0]["download_mbps"] == pytest.approx(400 * USED, rel=0.1)
    client = _body(browser, f"/clients/{SKY.client}/usage")["now"]
    assert (client["committed_download_mbps"], client["complete"], client["level"]) == (200, True, "green")
    assert client["utilization_ratio"] == pytest.approx(USED, rel=0.1)
    day = _body(browser, f"/circuits/{OWN}-main/usage?start={start - 20 * 86400}&step=3600")
    assert len(day["history"]["points"]) > 400
    assert day["history"]["points"][0]["upload_mbps"] == pytest.approx(100 * USED, rel=0.1)


def test_a_tenant_gets_the_same_of_its_own(app_with_figures: Flask, services_with_figures: Any, world: World) -> None:
    """From the queries of the tenants' audience."""
    client = logged_in_client(app_with_figures, services_with_figures, world.user(OWN), SKY.id)
    start = int(time.time()) - 3600
    found = _body(client, f"/resellers/{OWN}/usage?start={start}")
    assert found["history"]["points"]
    assert [one["circuit"] for one in found["circuits"]] == [f"{OWN}-main", f"{OWN}-backup"]


def test_links_and_routers(browser: FlaskClient) -> None:
    """Each link with its VLANs against its threshold, in both words; each router with what it says of itself."""
    state = _body(browser, "/link-state")["items"][0]
    nttn = _body(browser, "/nttn/status")["items"][0]
    assert state["id"] == nttn["link"] == SKY.link
    assert state["threshold_mbps"] == nttn["threshold_mbps"] == 950
    assert [vlan["vlan"] for vlan in state["vlans"]] == [10, 20]
    assert nttn["vlans"] == 2
    assert nttn["capacity_mbps"] == 400
    assert nttn["vlans_reporting"] == 2
    assert nttn["headroom_mbps"] == pytest.approx(950 - nttn["bandwidth_mbps"])
    assert state["bandwidth_mbps"] == pytest.approx(sum(vlan["receive_mbps"] for vlan in state["vlans"]), rel=0.1)
    assert state["over_threshold"] is False
    router = _body(browser, "/router/status")["items"][0]
    assert router["id"] == SKY.device
    assert router["place"] == "sky tower"
    assert router["up"] is True
    assert router["vendor"] == "MikroTik"
    assert router["last_poll"].endswith("Z")


def test_without_prometheus(login_as: LoginAs) -> None:
    """What is not measured is null, and why is said; a past there is none of is 503."""
    client = login_as("support")
    for path in ("/link-state", "/nttn/status", "/router/status", f"/resellers/{OWN}/usage"):
        assert "Prometheus" in _body(client, path)["away"], path
    found = _body(client, f"/resellers/{OWN}/usage")
    assert found["now"]["download_mbps"] is None
    assert found["now"]["level"] == "unknown"
    assert found["history"] is None
    state = _body(client, "/link-state")["items"][0]
    assert state["bandwidth_mbps"] is None
    assert state["over_threshold"] is None
    assert state["state"] == "unknown"
    answer = client.get(f"/api/v1/resellers/{OWN}/usage?start={int(time.time()) - 3600}")
    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert "Prometheus" in answer.get_json()["detail"]
