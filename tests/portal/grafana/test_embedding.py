"""Grafana's panels in the pages, in a real browser: light and dark, on a desk and on a phone, and without Grafana."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal.browser import DESK, PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.grafana.conftest import Stack
from tests.portal.world import SKY

CIRCUIT = "/my/circuits/sky-r1-main"
AWAY = "Grafana does not answer right now."


@pytest.fixture
def look(chromium: Browser, stack: Stack) -> Iterator[Visit]:
    """Opens pages of the portal that has a Grafana; complaints on the console fail the test."""
    opened = Visit(chromium, stack.portal)
    yield opened
    opened.close()


def panels_are_drawn(page: Page, titles: list[str]) -> None:
    """Each in its frame, from figures it asked for by itself."""
    frames = page.locator("figure.panel iframe")
    expect(frames).to_have_count(len(titles))
    for number, title in enumerate(titles):
        panel = page.frame_locator("figure.panel iframe").nth(number).locator("#panel")
        expect(panel).to_have_attribute("data-state", "drawn", timeout=20_000)
        expect(panel.locator("h1")).to_have_text(title)
        expect(panel.locator("li").first).to_contain_text("points")
    expect(page.get_by_text(AWAY)).to_be_hidden()


def charts_are_drawn(page: Page, count: int) -> None:
    """The portal's own, with the reason why."""
    expect(page.get_by_text(AWAY)).to_be_visible(timeout=20_000)
    expect(page.locator("figure.chart canvas")).to_have_count(count, timeout=20_000)
    expect(page.locator("figure.panel iframe:visible")).to_have_count(0)


@pytest.mark.parametrize(("width", "dark"), [(DESK, False), (DESK, True), (PHONE, False), (PHONE, True)])
def test_a_circuit_is_drawn_by_grafana(look: Visit, width: int, *, dark: bool) -> None:
    """Three panels in the page, asked for by the tenant's own session; no complaint of the browser's policy."""
    page = look("sky-r1", CIRCUIT, width=width, dark=dark)
    panels_are_drawn(page, ["Traffic", "Latency", "Loss"])
    expect(page.locator("figure.chart")).to_have_count(0)
    assert_fits(page)
    assert_accessible(page)
    photograph(page, f"embedded-circuit{'-dark' if dark else ''}")


def test_all_circuits_are_drawn_on_the_first_page(look: Visit) -> None:
    """From the dashboard of all circuits, which has no variable."""
    for width in (DESK, PHONE):
        page = look("sky-r1", "/my", width=width)
        panels_are_drawn(page, ["Traffic of all circuits"])
        assert_fits(page)
        photograph(page, "embedded-all")


def test_the_panels_follow_the_range_and_the_clock_of_the_isp(look: Visit) -> None:
    """24 hours, 7 days and 30 days are chosen as for the portal's own charts."""
    page = look("sky-r1", f"{CIRCUIT}?range=7d")
    frame = page.locator("figure.panel iframe").first
    expect(frame).to_have_attribute("src", _having("from=now-7d"))
    expect(frame).to_have_attribute("src", _having("timezone=Asia%2FDhaka"))
    page.get_by_role("link", name="30 days").click()
    expect(frame).to_have_attribute("src", _having("from=now-30d"))
    panels_are_drawn(page, ["Traffic", "Latency", "Loss"])


def test_without_an_answer_the_portal_draws_its_own_and_says_so(look: Visit, stack: Stack) -> None:
    """And Grafana's panels come back by themselves. The page is the same size on a phone."""
    look.forgive("status of 500")
    look.forgive("status of 502")
    stack.fault(path="/d-solo", status=500, times=None)
    page = look("sky-r1", f"{CIRCUIT}?range=7d")
    charts_are_drawn(page, 3)
    assert_accessible(page)
    photograph(page, "embedded-away")
    page.get_by_role("link", name="30 days").click()
    expect(page.locator("figure.chart canvas").first).to_be_visible()
    phone = look("sky-r1", CIRCUIT, width=PHONE, dark=True)
    charts_are_drawn(phone, 3)
    assert_fits(phone)
    photograph(phone, "embedded-away-dark")
    stack.forget()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panels_are_drawn(page, ["Traffic", "Latency", "Loss"])
    expect(page.locator("figure.panel iframe").first).to_have_attribute("src", _having("from=now-30d"))
    expect(page.locator("figure.chart")).to_have_count(0)


def test_a_grafana_that_hangs_is_no_answer(look: Visit, stack: Stack) -> None:
    """Nobody waits longer than some seconds for a chart."""
    look.forgive("status of 502")
    stack.fault(path="/d-solo", seconds=25, times=1)
    page = look("sky-r1", CIRCUIT)
    charts_are_drawn(page, 3)


def test_a_grafana_without_our_dashboards_is_no_answer(look: Visit, stack: Stack) -> None:
    """Its page is there for every uid, and would say within the frame that there is no such dashboard."""
    look.forgive("status of 404")
    stack.fault(path="/api/dashboards/uid/", status=404, times=None)
    page = look("sky-r1", CIRCUIT)
    charts_are_drawn(page, 3)
    stack.forget()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panels_are_drawn(page, ["Traffic", "Latency", "Loss"])


def test_a_logged_out_tenant_sees_no_panel(look: Visit) -> None:
    """The proxy asks anew with each request; an open page says what is wrong with its charts."""
    look.forgive("status of 401")
    look.forgive("status of 403")
    page = look("sky-r1", CIRCUIT)
    panels_are_drawn(page, ["Traffic", "Latency", "Loss"])
    page.context.clear_cookies()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text(AWAY)).to_be_visible(timeout=20_000)
    expect(page.get_by_text("You are logged out.").first).to_be_visible()


@pytest.mark.parametrize(
    ("path", "uid"),
    [
        ("/overview", "staff-overview"),
        ("/resellers", "staff-resellers"),
        (f"/links/{SKY.link}", "staff-link"),
        (f"/devices/{SKY.device}", "staff-device"),
        ("/circuits/sky-r1-main", "staff-circuit"),
    ],
)
def test_the_staff_is_led_to_their_dashboards(look: Visit, path: str, uid: str) -> None:
    """In a page of its own, about the thing they came from."""
    page = look("engineer", path)
    link = page.get_by_role("link", name="Open in Grafana")
    with page.context.expect_page() as opened:
        link.click()
    whole = opened.value
    expect(whole).to_have_url(_having(f"/grafana/d/{uid}/"))
    expect(whole.locator("#panel")).to_have_attribute("data-state", "drawn", timeout=20_000)


def test_the_owner_is_led_to_backhauls_own_health(look: Visit) -> None:
    """And not to an isp's dashboards: the owner is no staff of it."""
    page = look("owner", "/platform")
    expect(page.get_by_role("link", name="Open in Grafana")).to_have_attribute("href", _having("/platform-health"))
    page = look("owner", "/overview")
    expect(page.get_by_role("link", name="Open in Grafana")).to_have_count(0)


def _having(part: str) -> re.Pattern[str]:
    return re.compile(re.escape(part))
