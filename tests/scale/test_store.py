"""A store that Prometheus writes to answers the catalogue as Prometheus does: it may take its place in one setting."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from portal.app import create_app
from portal.binding import Query
from portal.chart_table import CHARTS
from portal.charts import RANGES
from portal.prometheus import Prometheus
from portal.queries import CATALOGUE
from tests.harness import wait_until
from tests.portal.conftest import logged_in_client, services_on, stock
from tests.portal.test_queries import bound
from tests.portal.world import SKY
from tests.scale.conftest import Stored

DAY = 86_400
# Raw counters: Prometheus extrapolates to the edges of its window, VictoriaMetrics takes the reading before it. Neither
# is wrong, and no recorded series is made there: the rules run in Prometheus.
OWN_WAY = re.compile(r"\b(rate|increase|irate|delta)\(")
# How an entry is asked over time, by the end of its name: a span in seconds and a step. The others are of a day.
SPANS = {"-15m": (7 * DAY, 900), "-1h": (30 * DAY, 3600), "-1d": (30 * DAY, DAY)}

Labels = frozenset[tuple[str, str]]
Answer = Mapping[Labels, list[tuple[float, float]]]


def asked(url: str, page: str, **form: object) -> Answer:
    """Points by labels. The name is left out: VictoriaMetrics keeps it for a mean over time, Prometheus does not."""
    answer = requests.post(f"{url}/api/v1/{page}", data={"timeout": "20s", **form}, timeout=30).json()
    assert answer["status"] == "success", answer
    found: dict[Labels, list[tuple[float, float]]] = {}
    for series in answer["data"]["result"]:
        name = series["metric"].pop("__name__", "")
        labels = frozenset(series["metric"].items())
        points = [(float(when), float(value)) for when, value in series.get("values") or [series["value"]]]
        # Several metrics in one answer are told apart by their names, which both then give.
        found[labels | {("name", name)} if labels in found else labels] = points
    return found


def alike(one: Answer, other: Answer) -> bool:
    """The same series with the same points at the same times; the store keeps 12 digits and more."""
    return one.keys() == other.keys() and all(
        len(points) == len(other[labels])
        and all(
            when == then and math.isclose(value, told, rel_tol=1e-9, abs_tol=1e-12)
            for (when, value), (then, told) in zip(points, other[labels], strict=True)
        )
        for labels, points in one.items()
    )


@pytest.mark.parametrize("query", CATALOGUE.values(), ids=CATALOGUE)
def test_the_store_answers_as_prometheus_does(query: Query, stored: Stored) -> None:
    """Now, and over a day, a week or a month: to the point, but for entries that take rates of raw counters."""
    expr = bound(query)
    span, step = next((said for end, said in SPANS.items() if query.name.endswith(end)), (DAY, 120))
    forms: tuple[tuple[str, dict[str, Any]], ...] = (
        ("query", {"query": expr, "time": stored.at}),
        ("query_range", {"query": expr, "start": stored.at - span, "end": stored.at, "step": step}),
    )
    for page, form in forms:
        one, other = (asked(url, page, **form) for url in (stored.prometheus, stored.store))
        assert one.keys() == other.keys(), f"{query.name}: {page} {form}"
        if not OWN_WAY.search(expr):
            assert alike(one, other), f"{query.name}: {page} {form}\n{one}\n{other}"


def test_only_the_platforms_own_entries_take_rates_of_raw_counters() -> None:
    """And of a circuit its drops and errors: nothing a tenant sees differs, nor anything with a limit."""
    own_way = [query for query in CATALOGUE.values() if OWN_WAY.search(query.expr)]
    assert not [query.name for query in own_way if query.audience == "tenant"]
    assert not [query.name for query in own_way if query.unit in {"bps", "ratio"} and query.audience != "platform"]


@pytest.fixture(scope="module")
def clients(
    request: pytest.FixtureRequest, stored: Stored, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[FlaskClient, FlaskClient]]:
    """An engineer at the portal that asks Prometheus, and at the same with PROMETHEUS_URL naming the store."""
    database, world = stock(request, "sqlite", tmp_path_factory.mktemp("portal"))
    made = [
        replace(services_on(database, prometheus_url=url), prometheus=Prometheus(url))
        for url in (stored.prometheus, stored.store)
    ]
    one, other = (logged_in_client(create_app(each), each, world.user("engineer"), SKY.id) for each in made)
    yield one, other
    for each in made:
        each.registry.engine.dispose()


PAGES = (
    *("/overview", "/resellers", "/clients", "/links", "/devices"),
    *(f"/circuits/{SKY.circuit(SKY.client)}", f"/links/{SKY.link}", f"/devices/{SKY.device}"),
)
FIGURE = re.compile(r"[\d.,]+\s(?:[kMG]?bps|%|ms|°C)|class=\"badge [a-z ]+\"")


@pytest.mark.parametrize("page", PAGES)
def test_pages_show_the_same(page: str, clients: tuple[FlaskClient, FlaskClient]) -> None:
    """Figures and states; while a scrape is between the two, a second look is taken."""

    def figures() -> list[str]:
        one, other = (FIGURE.findall(client.get(page).get_data(as_text=True)) for client in clients)
        return one if one == other else []

    assert wait_until(figures, f"{page} to show the same from both", interval=0.5)


@pytest.mark.parametrize("name", CHARTS)
def test_charts_are_drawn_from_the_store(name: str, clients: tuple[FlaskClient, FlaskClient]) -> None:
    """Every range has lines with figures."""
    subject = CHARTS[name].subject
    things = {
        "circuit": SKY.circuit(SKY.resellers[0]),
        "tenant": SKY.resellers[0],
        "link": SKY.link,
        "device": SKY.device,
    }
    about = {} if subject == "isp" else {subject: things[subject]}
    for span in RANGES:
        drawn: Any = clients[1].get(f"/charts/{name}", query_string={"range": span, **about}).json
        assert drawn["away"] is None
        assert drawn["series"], f"{name} {span} has no lines"
        assert all(any(value is not None for value in line["values"]) for line in drawn["series"])
