"""What /charts answers: figures over time of what one may see, and a sentence where there are none to be had."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.app import create_app
from portal.chart_table import CHARTS
from portal.charts import RANGES
from portal.prometheus import Prometheus
from portal.services import Services
from tests.portal.conftest import LoginAs, logged_in_client, on_both_databases
from tests.portal.stand_in import stand_in
from tests.portal.world import DELTA, MBPS, SKY, World

pytestmark = pytest.mark.usefixtures("filled_prometheus")

MAIN = SKY.circuit(SKY.resellers[0])
OTHERS = DELTA.circuit(DELTA.resellers[0])
ABOUT = {"circuit": MAIN, "tenant": SKY.resellers[0], "link": SKY.link, "device": SKY.device}


@pytest.fixture
def engineer(app_with_figures: Flask, services: Services, world: World) -> FlaskClient:
    return logged_in_client(app_with_figures, services, world.user("engineer"), SKY.id)


@pytest.fixture
def reseller(app_with_figures: Flask, services: Services, world: World) -> FlaskClient:
    return logged_in_client(app_with_figures, services, world.user(SKY.resellers[0]), SKY.id)


def chart(client: FlaskClient, name: str, **params: str) -> Any:
    answer = client.get(f"/charts/{name}", query_string=params)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_has_figures(name: str, engineer: FlaskClient) -> None:
    """For every range, at most 720 points each, on one grid that ends now."""
    subject = CHARTS[name].subject
    about = {} if subject == "isp" else {subject: ABOUT[subject]}
    for wanted, span in RANGES.items():
        drawn = chart(engineer, name, range=wanted, **about)
        times = drawn["times"]
        assert len(times) <= 720
        assert time.time() - 120 < times[-1] <= time.time()
        assert times[-1] - times[0] == span.seconds - span.step
        assert {b - a for a, b in pairwise(times)} == {span.step}
        assert drawn["series"], f"{name} {wanted} has no lines"
        for line in drawn["series"]:
            assert line["label"]
            assert len(line["values"]) == len(times)
            assert any(value is not None for value in line["values"])
        assert drawn["away"] is None
        assert drawn["timezone"] == "Asia/Dhaka"


def test_a_circuits_chart_says_what_was_used_of_its_plan(reseller: FlaskClient) -> None:
    """Both directions, and the plan of each as it was at that time."""
    drawn = chart(reseller, "circuit-traffic", circuit=MAIN)
    assert [line["label"] for line in drawn["series"]] == ["Download", "Upload"]
    assert drawn["series"][0]["values"][0] == pytest.approx(100 * MBPS)
    assert [(line["label"], line["values"][0], line["values"][-1]) for line in drawn["plans"]] == [
        ("Plan, download", 200 * MBPS, 200 * MBPS),
        ("Plan, upload", 100 * MBPS, 100 * MBPS),
    ]
    assert drawn["thresholds"] == []
    together = chart(reseller, "tenant-traffic", tenant=SKY.resellers[0])
    assert [line["values"][-1] for line in together["plans"]] == [400 * MBPS, 200 * MBPS]
    assert chart(reseller, "circuit-ping", circuit=MAIN)["thresholds"] == [{"label": "Promised", "value": 0.05}]


@pytest.mark.parametrize(("upload", "labels"), [(300, ["Plan"]), (100, ["Plan, download", "Plan, upload"])])
def test_a_plan_is_drawn_as_it_was_and_once_where_both_ways_are_the_same(
    services: Services, world: World, upload: int, labels: list[str]
) -> None:
    """What the registry says today is not drawn over yesterday's traffic."""
    of = {"isp": SKY.id, "tenant": SKY.resellers[0], "circuit": MAIN}
    with stand_in() as figures:
        for way, bought in (("download", 300), ("upload", upload)):
            figures.put("circuit:committed_bits_per_second:max", bought * MBPS, **of, direction=way)
        recorded = replace(services, prometheus=Prometheus(figures.url))
        client = logged_in_client(create_app(recorded), recorded, world.user(SKY.resellers[0]), SKY.id)
        drawn = chart(client, "circuit-traffic", circuit=MAIN, range="7d")
    assert [line["label"] for line in drawn["plans"]] == labels
    assert len(drawn["plans"][0]["values"]) == len(drawn["times"])
    assert max(drawn["plans"][0]["values"]) > 290 * MBPS, "the registry has 200 Mbps"


def test_a_gap_stays_a_gap(engineer: FlaskClient) -> None:
    """Nine hours ago nothing was measured: null, neither 0 nor a line across."""
    drawn = chart(engineer, "circuit-traffic", circuit=MAIN)
    at = next(place for place, when in enumerate(drawn["times"]) if when > time.time() - 9 * 3600)
    assert [line["values"][at] for line in drawn["series"]] == [None, None]
    assert drawn["series"][0]["values"][at - 120] is not None


def test_a_link_is_drawn_by_its_vlans_in_their_order(engineer: FlaskClient) -> None:
    """One upon the other, below the threshold."""
    drawn = chart(engineer, "link-receive", link=SKY.link, range="7d")
    assert drawn["stacked"]
    assert [line["label"] for line in drawn["series"]] == ["VLAN 10", "VLAN 20"]
    assert drawn["thresholds"] == [{"label": "Alert from", "value": 950 * MBPS}]


@on_both_databases
def test_what_is_not_ones_own_is_not_there(
    app_with_figures: Flask, services: Services, world: World, engineer: FlaskClient, reseller: FlaskClient
) -> None:
    """Of another tenant, of another isp, of the staff, of nobody, and what only looks like an id."""
    other = SKY.resellers[1]
    for client, name, about in (
        (reseller, "circuit-traffic", {"circuit": SKY.circuit(other)}),
        (reseller, "tenant-traffic", {"tenant": other}),
        (reseller, "circuit-traffic", {"circuit": OTHERS}),
        (reseller, "link-traffic", {"link": SKY.link}),
        (reseller, "links-traffic", {}),
        (reseller, "device-cpu", {"device": SKY.device}),
        (engineer, "circuit-traffic", {"circuit": OTHERS}),
        (engineer, "link-traffic", {"link": DELTA.link}),
        (engineer, "device-cpu", {"device": DELTA.device}),
        (engineer, "tenant-traffic", {"tenant": DELTA.client}),
        (engineer, "circuit-traffic", {}),
        (engineer, "circuit-traffic", {"circuit": "a\x00b"}),
        (engineer, "circuit-traffic", {"circuit": f'{MAIN}"}} or up{{'}),
        (engineer, "circuit-traffic", {"tenant": SKY.resellers[0]}),
        (engineer, "no-such-chart", {"circuit": MAIN}),
        (engineer, "circuit-download", {"circuit": MAIN}),  # an entry of the catalogue is no chart
    ):
        assert client.get(f"/charts/{name}", query_string=about).status_code == 404, (name, about)
    nobody = app_with_figures.test_client()
    assert nobody.get("/charts/circuit-traffic", query_string={"circuit": MAIN}).status_code == 401
    unchosen = logged_in_client(app_with_figures, services, world.user("owner"), None)
    assert unchosen.get("/charts/links-traffic").status_code == 404


def test_another_range_is_refused(engineer: FlaskClient) -> None:
    """With what there is to choose from."""
    answer = engineer.get("/charts/circuit-traffic", query_string={"circuit": MAIN, "range": "10y"})
    assert answer.status_code == 400
    assert "expected one of 24h, 7d, 30d, 1y" in answer.text


def test_prometheus_away_is_said_and_nothing_is_drawn(login_as: LoginAs) -> None:
    """No error for the browser's console: the page says it in its place."""
    drawn = chart(login_as(SKY.resellers[0]), "circuit-ping", circuit=MAIN)
    assert drawn["away"].startswith("Prometheus cannot be reached")
    assert "127.0.0.1" not in drawn["away"]
    assert drawn["series"] == []
    assert drawn["thresholds"]
