"""Live updates in a real browser: a page nobody reloads."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from inventory.registry import sessions
from inventory.registry.scope import LOGIN
from tests.portal.browser import PHONE, Visit, assert_accessible, assert_fits, photograph
from tests.portal.serving import Served, end, fire
from tests.portal.world import DELTA, SKY

SOON = 5_000  # ms from the alert to the page
AGAIN = 60_000  # ms; a page that was without its stream for long waits up to 45 s before it tries again
_LIVE = re.compile(r"/live(\?|$)")

_STREAMS = """performance.getEntriesByType("resource").filter((one) => new URL(one.name).pathname === "/live").length"""


# When the page last asked for itself, of its own accord.
_LOOKED = """Math.max(...performance.getEntriesByType("resource")
  .filter((one) => one.initiatorType === "fetch" && one.name === location.href).map((one) => one.startTime))"""


def listening(page: Page, within: float | None = None) -> Page:
    """Wait until the page follows the stream: its first event has come."""
    expect(page.locator("body")).to_have_attribute("data-stream", "on", timeout=within)
    return page


def test_an_alert_appears_without_reload(visit: Visit, served: Served) -> None:
    """Within five seconds: a toast, the counter, and the state on the page; later the toast of its end."""
    page = listening(visit("sky-r2", "/my"))
    expect(page.locator(".badge.up")).to_have_count(0)
    page.evaluate("window.stays = true")
    served.prometheus.circuit("skylink", "sky-r2", "sky-r2-main", up=0, download=0, upload=0)
    counter = page.get_by_role("banner").locator("[data-open-alerts]")
    before = int(counter.inner_text())
    alert = fire(served.registry, tenant="sky-r2", circuit="sky-r2-main")
    toast = page.locator(".toast")
    expect(toast).to_contain_text("Line sky-r2-main", timeout=SOON)
    told = page.evaluate("performance.now()")
    expect(toast).to_have_attribute("role", "alert")
    expect(counter).to_have_text(str(before + 1))
    expect(page.locator(".circuit .badge.down")).to_be_visible()
    assert page.evaluate(_LOOKED) - told < SOON, "how long the answer takes is the machine's"
    listed = page.get_by_role("region", name="Open alerts")  # the toast has the same words
    expect(listed.get_by_text("Line sky-r2-main is down")).to_be_visible()
    assert_accessible(page)
    photograph(page, "live-toast")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)

    served.prometheus.circuit("skylink", "sky-r2", "sky-r2-main", up=1, download=90e6, upload=9e6)
    end(served.registry, alert)
    expect(page.locator(".toast.ended")).to_contain_text("Over:")
    expect(page.locator(".circuit .badge.up")).to_be_visible()
    assert page.evaluate("window.stays") is True, "the page was loaded again"


def test_a_storm_does_not_bury_the_page(visit: Visit, served: Served) -> None:
    """Six alerts one after the other: four notices at most, and the page as wide as the phone."""
    page = listening(visit("sky-r2", "/my/contacts", width=PHONE))
    alerts = [
        fire(served.registry, tenant="sky-r2", summary=f"Wrong{'x' * 300} {number}", circuit=f"gone-{number}")
        for number in range(6)
    ]
    expect(page.locator(".toast")).to_have_count(4)
    assert_fits(page)
    photograph(page, "live-storm")
    for alert in alerts:
        end(served.registry, alert)


def test_what_somebody_types_is_left_alone(visit: Visit, served: Served) -> None:
    """A live part of the page is swapped around whoever works in it, never under his hands."""
    page = listening(visit("support", "/alerts"))
    page.evaluate(
        """() => {
          const part = document.querySelector('[data-live][id]:not(#banners)') ?? document.body;
          const field = document.createElement('input');
          field.id = 'typed';
          part.append(field);
          field.focus();
        }"""
    )
    page.keyboard.type("half a word")
    alert = fire(served.registry, name="NttnBandwidthHigh", link=SKY.link, summary="Link above its threshold")
    expect(page.locator(".toast")).to_be_visible()
    page.wait_for_timeout(2_000)  # longer than the page waits to fetch itself
    assert page.locator("#typed").input_value() == "half a word"
    end(served.registry, alert)


def test_two_tabs_share_one_stream(visit: Visit, served: Served) -> None:
    """A browser's tabs would use up its connections; closing the one that has the stream passes it on."""
    first = listening(visit("client", "/my"))
    second = first.context.new_page()
    second.goto(f"{served.url}/my/alerts")
    listening(second)
    assert second.evaluate(_STREAMS) == 0
    alert = fire(served.registry, tenant=SKY.client, circuit=SKY.circuit(SKY.client))
    for page in (first, second):
        expect(page.locator(".toast")).to_be_visible()
    first.close()
    end(served.registry, alert)
    expect(second.locator(".toast.ended")).to_be_visible()


def test_a_page_of_another_isp_is_left(visit: Visit, served: Served) -> None:
    """The owner opens another isp in the next tab: its figures do not come under the first one's name."""
    page = listening(visit("owner", "/overview"))
    form = page.context.new_page()
    form.goto(f"{served.url}/settings/edit")
    expect(page.locator(".brand")).to_have_text("Skylink Ltd")
    cookie = next(one for one in page.context.cookies() if one["name"] == "session")
    with served.registry.write(LOGIN) as tx:
        session = sessions.find_session(tx, cookie["value"])
        assert session is not None
        sessions.choose_isp(tx, session, DELTA.id)
    expect(page.locator(".brand")).to_have_text("Deltanet Ltd")
    expect(form.get_by_text("You look at another provider now")).to_be_visible()
    expect(form.locator(".brand")).to_have_text("Skylink Ltd")


def test_a_page_of_the_platform_is_of_no_isp(visit: Visit, served: Served) -> None:
    """What is told to an isp's pages does not make it another's; and it asks for no stream, however long it is open."""
    page = visit("owner", "/platform/audit")
    page.clock.install()
    page.reload()
    other = page.context.new_page()
    other.goto(f"{served.url}/overview")
    listening(page)
    expect(page.locator("#lost")).to_be_hidden()
    other.close()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(60_000)
    page.evaluate("fetch('/static/icon.svg')")
    assert [url for url in asked if _LIVE.search(url)] == []


def test_a_logout_elsewhere_is_said(visit: Visit, served: Served) -> None:
    """The page does not vanish under somebody's hands: it says that he is logged out, and where to go."""
    page = listening(visit("finance", "/account"))
    cookie = next(one for one in page.context.cookies() if one["name"] == "session")
    with served.registry.write(LOGIN) as tx:
        sessions.end_session(tx, sessions.hash_token(cookie["value"]), user_id=served.world.user("finance").id)
    expect(page.get_by_role("link", name="Log in again")).to_be_visible()


def test_a_lost_connection_is_said_calmly_and_comes_back(visit: Visit, served: Served) -> None:
    """A notice while it is away and none afterwards; then alerts appear again."""
    page = visit("sky-r2", "/my/alerts")
    visit.forgive("net::ERR_FAILED")
    page.route(_LIVE, lambda route: route.abort())
    page.reload()
    notice = page.get_by_text("Live updates are interrupted")
    expect(notice).to_be_visible()
    assert_accessible(page)
    photograph(page, "live-lost")
    page.unroute(_LIVE)
    listening(page, AGAIN)
    expect(notice).to_be_hidden()
    alert = fire(served.registry, tenant="sky-r2", circuit="sky-r2-main")
    expect(page.locator(".toast")).to_be_visible()
    end(served.registry, alert)
