"""The charts as a browser draws them, from a real Prometheus: on a desk and on a phone, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from inventory.database import open_database
from inventory.registry.scope import Registry
from tests.portal.browser import DESK, PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.prometheus import Measured
from tests.portal.serving import Served, serve
from tests.portal.stand_in import StandIn
from tests.portal.world import SKY, World

MAIN = SKY.circuit(SKY.resellers[0])

FRAME: dict[str, Any] = {
    "title": "Traffic",
    "unit": "bps",
    "stacked": False,
    "timezone": "Asia/Dhaka",
    "times": [0, 120],
    "series": [],
    "plans": [],
    "thresholds": [],
    "more": 0,
    "away": None,
}

# How many of a chart's columns hold a pixel that is no shade of grey: the lines, not the grid.
COLUMNS = """(figure) => {
  const canvas = figure.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let x = 0; x < canvas.width; x++) {
    for (let y = 0; y < canvas.height; y++) {
      const at = 4 * (y * canvas.width + x);
      const [red, green, blue, alpha] = data.slice(at, at + 4);
      if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60 && red < 200) { found++; break; }
    }
  }
  return found / canvas.width;
}"""


@pytest.fixture(scope="module")
def measured_portal(
    sqlite_template: tuple[str, World], filled_prometheus: Measured, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A portal of this module's own: its Prometheus is the real one."""
    template, world = sqlite_template
    folder = tmp_path_factory.mktemp("measured")
    (folder / "portal.db").write_bytes(Path(template).read_bytes())
    url = f"sqlite:///{folder / 'portal.db'}"
    real = StandIn()
    real.url = filled_prometheus.url
    engine = open_database(url)
    with serve(url, Registry(engine), world, real, folder) as running:
        yield running
    engine.dispose()


@pytest.fixture
def opened(chromium: Browser, measured_portal: Served) -> Iterator[Visit]:
    """Opens pages of that portal."""
    visit = Visit(chromium, measured_portal)
    yield visit
    visit.close()


@pytest.mark.parametrize(
    ("who", "path", "width", "dark"),
    [
        ("engineer", f"/circuits/{MAIN}", DESK, False),
        ("engineer", f"/links/{SKY.link}", DESK, True),
        ("engineer", f"/devices/{SKY.device}", DESK, False),
        (SKY.resellers[0], f"/my/circuits/{MAIN}", PHONE, False),
        ("engineer", f"/links/{SKY.link}?range=7d", PHONE, True),
    ],
)
def test_charts_are_drawn(opened: Visit, who: str, path: str, width: int, dark: bool) -> None:  # noqa: FBT001
    """Lines over most of their width, a table that says the same, nothing wider than the screen, nothing for axe."""
    page = opened(who, path, width=width, dark=dark)
    charts = page.locator("figure[data-chart]")
    expect(charts.first.locator("canvas")).to_be_visible(timeout=20_000)
    expect(page.locator("figure[data-chart] .chart-figures")).to_have_count(charts.count(), timeout=20_000)
    for chart in charts.all():
        chart.scroll_into_view_if_needed()
        # Of a device there is but an hour of history.
        assert chart.evaluate(COLUMNS) > (0.02 if "/devices/" in path else 0.5), chart.get_attribute("data-chart")
    page.evaluate("scrollTo(0, 0)")
    photograph(page, f"charts-{path.split('/')[-2]}{'-dark' if dark else ''}")
    assert_fits(page)
    assert_accessible(page)


def test_the_pointer_tells_the_values_in_the_providers_time(opened: Visit) -> None:
    """Wherever the browser is: 100 of 200 Mbps, and the clock of Dhaka."""
    page = opened("engineer", f"/circuits/{MAIN}")
    chart = page.locator('figure[data-chart="circuit-traffic"]')
    expect(chart.locator("canvas")).to_be_visible(timeout=20_000)
    expect(chart.locator(".chart-figures")).to_contain_text("100 Mbps")
    expect(chart.locator(".chart-figures")).to_contain_text("Plan, download")
    box = chart.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + 60)
    tip = chart.locator(".chart-tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("Download 100 Mbps")
    dhaka = datetime.now(ZoneInfo("Asia/Dhaka")).replace(tzinfo=None)
    told = datetime.strptime(f"{dhaka.year} {tip.locator('b').inner_text()}", "%Y %a %d %b, %H:%M")  # noqa: DTZ007
    assert abs(dhaka - told) < timedelta(hours=1)
    photograph(page, "charts-pointer")


def test_another_range_is_drawn_without_another_page(opened: Visit) -> None:
    """The address follows, so that a link or a reload shows the same."""
    page = opened("engineer", f"/circuits/{MAIN}")
    chart = page.locator('figure[data-chart="circuit-traffic"]')
    expect(chart.locator("canvas")).to_be_visible(timeout=20_000)
    page.evaluate("window.same = true")
    with page.expect_response(lambda answer: "/charts/circuit-traffic" in answer.url and "range=30d" in answer.url):
        page.locator("[data-ranges] a[data-range='30d']").click()
    expect(page.locator("[data-ranges] [aria-current]")).to_have_text("30 days")
    expect(chart.locator(".chart-area")).to_have_attribute(
        "aria-label", "Chart: Traffic, the last 30 days. The table below has its figures."
    )
    assert page.evaluate("window.same")
    assert page.url.endswith("range=30d")
    expect(chart.locator("caption")).to_have_text("Each point is the mean of an hour.")
    photograph(page, "charts-30d")
    page.locator("[data-ranges] a[data-range='1y']").click()
    expect(chart.locator("caption")).to_have_text("Each point is the mean of a day.")
    expect(chart.locator("canvas")).to_be_visible()
    photograph(page, "charts-1y")


def test_a_chart_that_cannot_be_drawn_says_why(opened: Visit) -> None:
    """Prometheus away, nothing measured, the library missing: each in words, in its place."""
    page = opened("engineer", f"/circuits/{MAIN}")
    state = page.locator('figure[data-chart="circuit-traffic"] .chart-state')
    said = FRAME | {"away": "Prometheus cannot be reached; figures are unknown until it is back"}
    page.route("**/charts/**", lambda route: route.fulfill(json=said))
    page.reload()
    expect(state).to_contain_text("It will be drawn as soon as it can be", timeout=20_000)
    expect(page.locator("canvas")).to_have_count(0)
    photograph(page, "charts-away")
    said["away"] = None
    page.reload()
    expect(state).to_contain_text("Nothing was measured in the last 24 hours", timeout=20_000)
    page.route(
        "**/chart-plot.js*", lambda route: route.fulfill(body="no script at all", content_type="text/javascript")
    )
    page.reload()
    expect(state).to_contain_text("Operators: run make setup", timeout=20_000)
