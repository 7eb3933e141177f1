"""A year back: what Prometheus has thrown away comes from a store of recorded series, on real ones of both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from portal.app import create_app
from portal.prometheus import Prometheus
from portal.recorded import WithRecorded
from portal.services import Services
from tests.portal.conftest import logged_in_client, services_on, stock
from tests.portal.world import MBPS, SKY
from tests.scale.conftest import Stored

DAY, HOUR = 86_400, 3_600
TENANT = SKY.resellers[0]
MAIN = SKY.circuit(TENANT)
LAST_YEAR = 40 * MBPS  # the last thirty days carry 100
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def year(stored: Stored) -> Stored:
    """The store has what was recorded from 360 to 32 days ago; Prometheus begins 30 days ago."""
    labels = f'isp="{SKY.id}",tenant="{TENANT}",circuit="{MAIN}"'
    times = range(stored.at - 360 * DAY, stored.at - 32 * DAY, HOUR)
    head = f"circuit:download_bits_per_second:rate5m{{{labels}}}"
    lines = "".join(f"{head} {LAST_YEAR} {when * 1000}\n" for when in times)
    answer = requests.post(f"{stored.store}/api/v1/import/prometheus", data=lines.encode(), timeout=60)
    assert answer.status_code == 204
    # What was imported can be asked for at once, in the index of every day too.
    assert requests.get(f"{stored.store}/internal/force_flush", timeout=60).status_code == 200
    return stored


@pytest.fixture(scope="module")
def services(
    request: pytest.FixtureRequest, year: Stored, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Services, FlaskClient]]:
    """The portal with both, and the reseller whose year it is."""
    database, world = stock(request, "sqlite", tmp_path_factory.mktemp("year"))
    made = services_on(database, prometheus_url=year.prometheus)
    made = replace(made, prometheus=WithRecorded(year.prometheus, Prometheus(year.store)))
    yield made, logged_in_client(create_app(made), made, world.user(TENANT), SKY.id)
    made.registry.engine.dispose()


def test_a_chart_of_a_year_has_a_year_in_it(services: tuple[Services, FlaskClient]) -> None:
    """A mean of each day: of the store where Prometheus knows nothing, of Prometheus in the last days, in one line."""
    drawn: Any = services[1].get("/charts/circuit-traffic", query_string={"circuit": MAIN, "range": "1y"}).json
    assert drawn["away"] is None
    assert drawn["mean_seconds"] == DAY
    download = drawn["series"][0]
    assert [line["label"] for line in drawn["series"]] == ["Download", "Upload"]
    ago = {
        round((time.time() - when) / DAY): value for when, value in zip(drawn["times"], download["values"], strict=True)
    }
    assert ago[364] is None, "nothing was recorded then"
    assert ago[300] == pytest.approx(LAST_YEAR)
    assert ago[100] == pytest.approx(LAST_YEAR)
    assert ago[10] == pytest.approx(100 * MBPS)
    assert drawn["times"][-1] > time.time() - 120
    assert download["values"][-1] is not None


def test_the_api_looks_back_a_year(services: tuple[Services, FlaskClient]) -> None:
    """With the same figures."""
    now = int(time.time())
    asked = {"start": now - 350 * DAY, "end": now - 300 * DAY, "step": DAY}
    answer: Any = services[1].get(f"/api/v1/circuits/{MAIN}/usage", query_string=asked).json
    figures = {point["download_mbps"] for point in answer["history"]["points"]}
    assert figures == {LAST_YEAR / MBPS}
    assert len(answer["history"]["points"]) in {50, 51}


def test_without_the_store_prometheus_tells_what_it_knows(year: Stored) -> None:
    """And of what is older there is nothing: no zero, no error."""
    alone = WithRecorded(year.prometheus, Prometheus(NOBODY, 0.5))
    expr = f'avg_over_time(circuit:download_bits_per_second:rate5m{{circuit="{MAIN}"}}[1d])'
    (line,) = alone.range(expr, year.at - 364 * DAY, year.at, DAY)
    assert min(when for when, _ in line.points) > year.at - 30 * DAY
    assert max(when for when, _ in line.points) == pytest.approx(year.at)


def test_what_prometheus_keeps_is_not_asked_of_the_store(year: Stored) -> None:
    """A day's chart waits for nobody who is away."""
    alone = WithRecorded(year.prometheus, Prometheus(NOBODY, 0.5))
    expr = f'circuit:download_bits_per_second:rate5m{{circuit="{MAIN}"}}'
    plain = Prometheus(year.prometheus)
    asked = (year.at - DAY, float(year.at), 120.0)
    assert [one.points for one in alone.range(expr, *asked)] == [one.points for one in plain.range(expr, *asked)]


def test_a_whole_range_before_prometheus_is_the_stores(year: Stored) -> None:
    """The store's own labels, with as many points as were asked for; too many are refused as ever."""
    both = WithRecorded(year.prometheus, Prometheus(year.store))
    expr = f'circuit:download_bits_per_second:rate5m{{circuit="{MAIN}"}}'
    start = year.at - 200 * DAY
    (line,) = both.range(expr, start, start + 10 * HOUR, HOUR)
    assert [value for _, value in line.points] == [LAST_YEAR] * 11
    with pytest.raises(ValueError, match="expected 1 to 1000"):
        both.range(expr, start, year.at, HOUR)
